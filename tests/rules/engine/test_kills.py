"""Rules under SIGKILL: nothing is lost, nothing is told twice."""

import os
import random
import signal
import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from rules.engine import reading
from rules.engine.worker import Rules
from rules.models import Notification, Notifier, RuleCursor
from streams.models import EventLog
from tests.rules import truth
from tests.rules.conftest import Store, Watch, evaluate, matched
from tests.rules.truth import Told, drawn, numbered

KILLS = 20
CHUNK = 25  # events of a transaction
ACTIVITY = "event.activity == '{}'"


@pytest.mark.django_db(transaction=True)
def test_the_same_is_found_when_the_worker_is_killed_twenty_times(
    log: EventLog, store: Store, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time wherever it is just then, between its start and the middle of a transaction."""
    monkeypatch.setattr(reading, "CHUNK", CHUNK)
    events = numbered(drawn(2400, cases=150))
    Notifier.objects.create(name="ops", kind="slack", url="http://127.0.0.1:1/", enabled=False)
    sequence = watch(
        "sequence", steps=[ACTIVITY.format(name) for name in ("Cut", "Paint", "Test")], rule_then=[{"notify": "ops"}]
    )
    timeout = watch("timeout", after=ACTIVITY.format("Assemble"), until=ACTIVITY.format("Test"), within_s=3000)
    late = watch("event", when="event.activity == 'Test' && case.length > 12")
    store(*(Told(one.case, one.activity, one.second) for one in events), arrived=timezone.now() - timedelta(days=1))
    draw = random.Random(1)
    for _ in range(KILLS):
        worker = _worker(turns=draw.randint(0, 2), then_s=draw.uniform(0, 0.01))
        assert os.waitpid(worker, 0)[1] == signal.SIGKILL  # it did not end by itself
    assert CHUNK <= _cursor(log) < len(events)
    monkeypatch.undo()
    evaluate()
    assert matched(sequence) == truth.sequences(events, ["Cut", "Paint", "Test"], {}, {})
    assert matched(timeout) == truth.timeouts(events, "Assemble", "Test", 3000)
    assert matched(late) == {
        (one.case, one.seq)
        for case in truth.by_case(events).values()
        for length, one in enumerate(case, 1)
        if one.activity == "Test" and length > 12
    }
    told = Notification.objects.filter(match__rule=sequence).values_list("match", flat=True)
    assert len(told) == len(set(told)) == len(matched(sequence)) > 100


def _cursor(log: EventLog) -> int:
    return RuleCursor.objects.filter(log=log).values_list("seq", flat=True).first() or 0


def _worker(turns: int, then_s: float) -> int:
    """A process that follows logs with rules until it is killed, so soon after so many turns; its id."""
    connections.close_all()  # nothing of the database is shared
    child = os.fork()
    if child == 0:
        try:
            part = Rules()
            for _ in range(turns):
                part.turn(0.0)
            threading.Timer(then_s, os.kill, (os.getpid(), signal.SIGKILL)).start()
            while True:
                part.turn(0.0)
        finally:
            os._exit(1)
    return child


@pytest.mark.django_db
def test_two_workers_share_a_log_by_taking_turns(log: EventLog, store: Store, watch: Watch) -> None:
    rule = watch("event", when="true", rule_cooldown_s=3600)
    store(Told("a", "Cut", 0), Told("a", "Cut", 1), Told("b", "Cut", 2))
    one, other = Rules(), Rules()
    one.turn(0.0)
    one.close()
    store(Told("a", "Cut", 3), Told("c", "Cut", 4))
    other.turn(0.0)
    other.turn(0.0)
    other.close()
    assert matched(rule) == {("a", 1), ("b", 3), ("c", 5)}  # the cool-down outlives a worker
