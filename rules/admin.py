"""Rules and notifiers in Django's admin."""

from rules.notifiers import admin  # noqa: F401  registers the notifiers
from rules.setup.rule_admin import RuleAdmin, RuleMatchAdmin  # noqa: F401  registers rules and matches
