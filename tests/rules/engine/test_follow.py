"""A worker follows a log while its rules change, break, or become another worker's."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from foundation.models import Lease
from rules.engine import follow
from rules.engine.worker import Rules
from rules.models import RuleState
from streams.models import EventLog
from tests.rules.conftest import Store, Watch, evaluate, matched
from tests.rules.truth import Told

CUT, TEST = "event.activity == 'Cut'", "event.activity == 'Test'"

pytestmark = pytest.mark.django_db


@pytest.fixture
def part() -> Iterator[Rules]:
    made = Rules()
    yield made
    made.close()


def test_a_rule_that_cannot_be_read_any_more_is_switched_off_and_the_others_go_on(
    log: EventLog, store: Store, watch: Watch
) -> None:
    good, bad = watch("event", when=CUT), watch("event", when=CUT)
    type(bad).objects.filter(pk=bad.pk).update(spec={"when": "event.colour"})  # as a later release may find it
    store(Told("c", "Cut", 0))
    evaluate()
    bad.refresh_from_db()
    assert bad.enabled is False
    assert bad.notice.startswith("It cannot be read any more: when: undeclared reference to 'event.colour'")
    assert (matched(good), matched(bad)) == ({("c", 1)}, set())


def test_a_rule_that_is_changed_forgets_what_cases_had_begun(
    log: EventLog, store: Store, watch: Watch, part: Rules
) -> None:
    rule, other = watch("sequence", steps=[CUT, TEST]), watch("sequence", steps=[CUT, TEST])
    store(Told("c", "Cut", 0))
    part.turn(0.0)
    assert RuleState.objects.count() == 2
    rule.save()
    store(Told("c", "Test", 1))
    part.turn(0.0)
    assert (matched(rule), matched(other)) == (set(), {("c", 2)})
    store(Told("c", "Cut", 2), Told("c", "Test", 3))
    part.turn(0.0)
    assert (matched(rule), matched(other)) == ({("c", 4)}, {("c", 2), ("c", 4)})
    other.delete()
    store(Told("c", "Cut", 4), Told("c", "Test", 5))
    part.turn(0.0)
    assert matched(rule) == {("c", 4), ("c", 6)}


def test_a_rule_to_which_everything_is_new_is_switched_off(
    log: EventLog, store: Store, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "KNOWN", 3)
    rule = watch("novelty", warm_up=0)
    store(*(Told("c", f"order {n}", n) for n in range(3)))
    evaluate()
    rule.refresh_from_db()
    assert rule.enabled
    store(Told("c", "order 3", 3))
    evaluate()
    rule.refresh_from_db()
    assert (rule.enabled, rule.notice) == (False, "It knows 3 things, and everything is new all the time.")
    assert matched(rule) == {("c", seq) for seq in range(1, 5)}


def test_a_timer_does_not_run_out_while_an_event_waits_that_may_stop_it(
    log: EventLog, store: Store, watch: Watch, part: Rules
) -> None:
    rule = watch("timeout", after=CUT, until=TEST, within_s=60)
    long_ago = timezone.now() - timedelta(hours=1)
    store(Told("answered", "Cut", 0), Told("open", "Cut", 0), arrived=long_ago)
    part.turn(0.0)
    follower = part.followers[log.pk]
    store(Told("answered", "Test", 30), arrived=long_ago)
    follower.look(float("inf"))
    assert matched(rule) == set()
    follower.tick()
    follower.look(float("inf"))
    assert matched(rule) == {("open", 2)}


def test_a_worker_whose_log_became_anothers_saves_nothing(
    log: EventLog, store: Store, watch: Watch, part: Rules
) -> None:
    rule = watch("event", when=CUT)
    part.turn(0.0)
    follower = part.followers[log.pk]
    Lease.objects.update(owner="elsewhere/1", fence=1_000)
    store(Told("c", "Cut", 0))
    part.turn(0.0)
    assert part.followers.get(log.pk) is not follower
    assert matched(rule) == set()
    Lease.objects.all().delete()
    evaluate()
    assert matched(rule) == {("c", 1)}
