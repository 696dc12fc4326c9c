"""What rules remember is bounded, and what they cost does not grow with the log."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from rules.engine.worker import Rules
from rules.models import RuleMatch, RuleState, RuleTimer
from streams.models import EventLog
from tests.rules.conftest import Store, Watch, evaluate, matched
from tests.rules.truth import Told

pytestmark = pytest.mark.django_db


def test_the_oldest_cases_are_let_go_where_a_rule_would_remember_too_many(
    log: EventLog, store: Store, watch: Watch, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RULE_CASES = 10
    monkeypatch.setattr("rules.core.run.KEPT_CASES", 5)
    rule = watch("timeout", after="event.activity == 'Cut'", until="event.activity == 'Test'", within_s=3600)
    store(*(Told(f"c{n}", "Cut", n) for n in range(30)), arrived=timezone.now() - timedelta(days=1))
    part = Rules()
    part.turn(0.0)
    follower = part.followers[log.pk]
    follower._trim()
    assert RuleState.objects.count() == 10
    assert len(follower.run.cases) == 5
    part.close()
    evaluate()
    assert matched(rule) == {(f"c{n}", n + 1) for n in range(20, 30)}
    assert not RuleTimer.objects.exists()
    assert not RuleState.objects.exists()


def test_a_chunk_of_events_costs_as_many_queries_in_a_large_log_as_in_a_small_one(
    log: EventLog, store: Store, watch: Watch
) -> None:
    watch("sequence", steps=["event.activity == 'Cut'", "event.activity == 'Test'"])
    watch("case", length=2)
    counted = []
    for part_of in range(3):
        store(*(Told(f"{part_of}-{n}", name, n) for n in range(40) for name in ("Cut", "Paint", "Test")))
        part = Rules()
        part.turn(0.0)
        store(*(Told(f"{part_of}+{n}", name, 50) for n in range(40) for name in ("Cut", "Paint", "Test")))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert part.followers[log.pk].tick() == 120
        counted.append(len(queries))
        part.close()
    assert counted[0] == counted[1] == counted[2] < 30
    assert RuleMatch.objects.count() == 2 * 3 * 80
