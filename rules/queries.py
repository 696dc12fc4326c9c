"""What API, pages and the live socket ask of rules and matches."""

from django.db.models import Count, Max, Q, QuerySet

from rules.models import Rule, RuleMatch
from streams.access import Token, User, logs_of
from streams.models import EventLog


def rules_of(user: User, token: Token = None) -> "QuerySet[Rule]":
    """The rules of logs one may view, without removed ones."""
    return Rule.objects.filter(log__in=logs_of(user, token), archived_at=None).select_related("log")


def matches_of(user: User, token: Token = None) -> "QuerySet[RuleMatch]":
    """The matches in logs one may view, the newest first."""
    rows = RuleMatch.objects.filter(log__in=logs_of(user, token))
    return rows.select_related("rule", "log", "acknowledged_by").order_by("-id")


def with_counts(rules: "QuerySet[Rule]") -> "QuerySet[Rule]":
    """With ``matched`` (how often), ``unseen`` (not acknowledged) and ``last_matched_at``."""
    return rules.annotate(
        matched=Count("matches"),
        unseen=Count("matches", filter=Q(matches__acknowledged_at=None)),
        last_matched_at=Max("matches__matched_at"),
    )


def unseen(log: EventLog) -> int:
    """How many matches of a log nobody has acknowledged."""
    return RuleMatch.objects.filter(log=log, acknowledged_at=None).count()
