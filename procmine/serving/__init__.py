"""Processes of `manage.py serve`: supervisor, embedded broker, demo."""
