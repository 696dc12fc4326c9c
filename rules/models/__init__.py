"""Tables of rules, matches and notifiers."""

from rules.models.notifiers import Notification, Notifier
from rules.models.rules import Rule, RuleCursor, RuleKnown, RuleMatch, RuleState, RuleTimer, RuleVersion

__all__ = [
    "Notification",
    "Notifier",
    "Rule",
    "RuleCursor",
    "RuleKnown",
    "RuleMatch",
    "RuleState",
    "RuleTimer",
    "RuleVersion",
]
