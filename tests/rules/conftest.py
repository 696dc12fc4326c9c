"""A log with rules, events to feed it, and its rules' part of the working process."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from rules.engine.worker import Rules
from rules.models import Rule, RuleMatch
from streams.events.store import NewEvent, store_events
from streams.models import EventLog
from tests.rules.truth import Told

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

Store = Callable[..., None]
Watch = Callable[..., Rule]


@pytest.fixture
def log(db: None) -> EventLog:
    return EventLog.objects.create(slug="factory", name="factory", end_activities=["Ship"])


@pytest.fixture
def store(log: EventLog) -> Store:
    """Store events in this order of arrival: ``Told`` of case, activity, the second at which it happened, an attribute.

    They arrive now, or with ``arrived`` at that moment.
    """

    def stored(*told: Told, arrived: datetime | None = None) -> None:
        at = arrived or timezone.now()
        store_events(
            [
                NewEvent(
                    log_id=log.pk,
                    case=one.case,
                    activity=one.activity,
                    at=NOON + timedelta(seconds=one.second),
                    received_at=at,
                    attributes={} if one.temp is None else {"temp": one.temp},
                )
                for one in told
            ]
        )

    return stored


@pytest.fixture
def watch(log: EventLog) -> Watch:
    """Add a rule: its kind, its spec, and other columns by name after ``rule_``."""

    def watched(kind: str, **given: Any) -> Rule:
        columns = {name.removeprefix("rule_"): given.pop(name) for name in list(given) if name.startswith("rule_")}
        return Rule.objects.create(log=log, name=kind, kind=kind, spec=given, **columns)

    return watched


def evaluate() -> None:
    """Let a worker's rules see all that is stored, and the clock once; then it ends."""
    part = Rules()
    part.turn(0.0)
    while part.busy:
        part.turn(0.0)
    for follower in part.followers.values():
        follower.look(float("inf"))
    part.close()


def matched(rule: Rule) -> set[tuple[str, int]]:
    """Case and number of each match of a rule; each is there once."""
    found = list(RuleMatch.objects.filter(rule=rule).values_list("case", "seq"))
    assert len(found) == len(set(found))
    return set(found)
