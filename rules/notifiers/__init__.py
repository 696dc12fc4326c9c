"""Telling people and programs about matches: where to, what is waiting to be told, and the telling."""
