"""The memory policy: at any moment a log is what batch mining finds in the cases that are in."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.live_log import HistoryError, Journal, LiveLog, LoggedEvent, cases_in
from tests.models_mining.core.strategies import (
    Stored,
    assert_consistent,
    content,
    fed,
    in_order,
    logs,
    settings_of_logs,
)

policies = st.sampled_from(
    [{"memory_cases": 1}, {"memory_cases": 3}, {"memory_us": 3 * 10**6}, {"memory_us": 9 * 10**6, "memory_cases": 2}]
)


def in_batch(
    events: list[LoggedEvent], setup: dict[str, Any], policy: dict[str, Any], limits: dict[str, Any]
) -> dict[str, Any]:
    """What a log without a policy knows of the cases that are in, and how many are out."""
    inside = cases_in(events, policy.get("memory_cases"), policy.get("memory_us"))
    activities = dict.fromkeys(event.activity for event in events)
    log = LiveLog(activities=activities, **setup | limits)
    log.learn_sorted(in_order(event for event in events if event.case in inside), Stored(events))
    left = len({event.case for event in events} - inside)
    return content(log) | {"left": left, "seq": max((event.seq for event in events), default=0)}


@settings(max_examples=100, deadline=None)
@given(
    events=logs(cases=6),
    setup=settings_of_logs(),
    policy=policies,
    limits=st.sampled_from([{}, {"max_depth": 2}]),
    restored_at=st.integers(0, 40),
)
def test_at_any_moment_it_equals_batch_over_the_cases_that_are_in(
    events: list[LoggedEvent], setup: dict[str, Any], policy: dict[str, Any], limits: dict[str, Any], restored_at: int
) -> None:
    stored = Stored(events)
    log = LiveLog(**setup, **policy, **limits)
    log.journal = Journal()
    for now, event in enumerate(events, start=1):
        log.learn_one(event, stored)
        if now == restored_at:
            log = LiveLog.from_state(log.to_state())
        assert_consistent(log)
        assert content(log) == in_batch(events[:now], setup, policy, limits)
        assert log.forget_closed(0) == 0


@settings(max_examples=50, deadline=None)
@given(
    events=logs(cases=6), more=logs(cases=6), setup=settings_of_logs(), policy=policies, here=st.sets(st.integers(0, 5))
)
def test_learnt_sorted_and_merged_it_is_the_same_and_goes_on_so(
    events: list[LoggedEvent], more: list[LoggedEvent], setup: dict[str, Any], policy: dict[str, Any], here: set[int]
) -> None:
    names = {f"case {number}" for number in here}
    more = [event._replace(seq=event.seq + len(events)) for event in more]
    stored = Stored([*events, *more])
    left, right = LiveLog(**setup, **policy), LiveLog(**setup, **policy)
    left.learn_sorted((event for event in in_order(events) if event.case in names), stored)
    right.learn_sorted((event for event in in_order(events) if event.case not in names), stored)
    left.merge(right, stored)
    one = fed(LiveLog(**setup, **policy), events, stored)
    assert content(left) == content(one) | {"seq": left.seq}
    assert content(fed(left, more, stored)) == content(fed(one, more, stored)) | {"seq": left.seq}


@settings(max_examples=50, deadline=None)
@given(events=logs(min_size=5, cases=6), setup=settings_of_logs(track_closed=True), policy=policies)
def test_a_reader_that_fails_now_and_then_costs_nothing_but_another_try(
    events: list[LoggedEvent], setup: dict[str, Any], policy: dict[str, Any]
) -> None:
    class Unsteady(Stored):
        tries = 0

        def __call__(self, case: str, at_us: int | None, before_seq: int) -> list[tuple[str, int]]:
            self.tries += 1
            if self.tries % 2:
                raise TimeoutError
            return super().__call__(case, at_us, before_seq)

    unsteady, log = Unsteady(events), LiveLog(**setup, **policy)
    for event in events:
        for _ in range(20):
            try:
                log.learn_one(event, unsteady)
                break
            except TimeoutError:
                continue
    assert content(log) == content(fed(LiveLog(**setup, **policy), events, Stored(events)))


def test_an_event_of_a_case_that_is_in_reads_nothing_and_memory_is_bounded() -> None:
    events = [LoggedEvent(seq, f"c{seq // 4 if seq % 2 else 0}", "ab"[seq % 2], seq, seq) for seq in range(1, 2001)]
    stored = Stored(events)
    log = fed(LiveLog(memory_cases=10, track_closed=True), events, stored)
    assert (len(log.cases), log.tree.variants()["b", "b"], log.evicted) == (10, 9, 490)
    asked = stored.asked
    log.learn_one(LoggedEvent(2001, "c0", "a", 2001, 2001), stored)
    assert stored.asked == asked
    assert len(log._idle) <= 10


def test_news_of_a_case_that_left_are_told_with_how_it_stood() -> None:
    events = [
        LoggedEvent(1, "c", "a", 1, 1),
        LoggedEvent(2, "c", "b", 2, 2),
        LoggedEvent(3, "d", "a", 3, 3),
        LoggedEvent(4, "c", "x", 0, 0),
    ]
    log = LiveLog(memory_cases=1, end_activities={"b"})
    log.journal = Journal()
    fed(log, events[:3], Stored(events))
    changes = log.journal.drain()
    assert changes.touched == {"c", "d"}
    assert {name: (case.activity, case.length, case.closed) for name, case in changes.left.items()} == {
        "c": ("b", 2, True)
    }
    log.learn_one(events[3], Stored(events))  # it arrived, by a clock set back, before d did: the case stays out
    assert {name: (case.activity, case.length) for name, case in log.journal.drain().left.items()} == {"c": ("b", 3)}
    assert (log.seq, list(log.cases)) == (4, ["d"])


def test_a_case_that_may_have_been_heard_of_is_not_guessed() -> None:
    events = [LoggedEvent(1, "c", "a", 1, 1), LoggedEvent(2, "d", "a", 2, 2), LoggedEvent(3, "c", "b", 3, 3)]
    log = fed(LiveLog(memory_cases=1), events[:2], Stored(events))
    before = content(log)
    with pytest.raises(HistoryError, match="'c'"):
        log.learn_one(events[2], Stored(events).tail)
    assert content(log) == before | {"newest_received_us": 3}
