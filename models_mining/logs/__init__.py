"""Logs as resources: API, files."""
