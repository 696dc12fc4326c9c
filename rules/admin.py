"""Rules and notifiers in Django's admin."""

from rules.notifiers import admin  # noqa: F401  registers the notifiers
