"""What API, pages and the live socket ask of rules and matches."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from foundation.access import Token, User
from rules.models import Rule, RuleMatch
from rules.models.rules import MatchRows
from streams.access.logs import logs_of

DAY = timedelta(days=1)


def rules_of(user: User, token: Token = None, action: str = "view") -> "QuerySet[Rule]":
    """The rules of logs one may view (or change), without removed ones."""
    return Rule.objects.filter(log__in=logs_of(user, token, action), archived_at=None).select_related("log")


def matches_of(user: User, token: Token = None, action: str = "view") -> MatchRows:
    """The matches in logs one may view (or change), the newest first."""
    rows = RuleMatch.objects.filter(log__in=logs_of(user, token, action))
    return rows.select_related("rule", "log", "acknowledged_by").order_by("-id")


@dataclass(frozen=True)
class Told:
    """What a rule has matched: in the last day, not acknowledged yet, and when for the last time."""

    day: int = 0
    unseen: int = 0
    last_at: datetime | None = None


def told_by(rules: Iterable[Rule]) -> dict[int, Told]:
    """What each of these rules has matched; each figure from an index, whatever was matched before."""
    known = {rule.pk: rule.log_id for rule in rules}
    rows = RuleMatch.objects.filter(rule__in=known).order_by()
    late, new = rows.filter(matched_at__gt=timezone.now() - DAY), rows.unseen().filter(log__in=set(known.values()))
    day, unseen = (dict(some.values("rule").values_list("rule", Count("pk"))) for some in (late, new))
    newest = RuleMatch.objects.filter(rule=OuterRef("pk")).order_by("-matched_at").values("matched_at")
    last = dict(Rule.objects.filter(pk__in=known).values_list("pk", Subquery(newest[:1])))
    return {pk: Told(day.get(pk, 0), unseen.get(pk, 0), last.get(pk)) for pk in known}


def alarms(user: User, most: int) -> int:
    """How many matches beyond mere news nobody has acknowledged, in the logs one may view; counted up to ``most``."""
    rows = RuleMatch.objects.filter(log__in=logs_of(user)).unseen()
    return rows.filter(~Q(severity=Rule.Severity.INFO)).order_by()[:most].count()
