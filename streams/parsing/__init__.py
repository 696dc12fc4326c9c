"""Parsing of messages: mapping, topics, timestamps, values. Pure."""
