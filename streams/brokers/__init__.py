"""Kinds of brokers, what each can do, and how far their messages are stored."""
