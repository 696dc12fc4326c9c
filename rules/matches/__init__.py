"""Matches of rules: storing them, and the actions that follow."""
