"""What a live log keeps, whatever the order in which events come."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.live_log import HistoryError, Journal, LiveLog, LoggedEvent, closed_cases
from tests.models_mining.core.strategies import (
    Stored,
    assert_consistent,
    content,
    fed,
    in_order,
    logs,
    settings_of_logs,
)

MINUTE_US = 60 * 10**6


def seen(*rows: tuple[Any, ...]) -> list[LoggedEvent]:
    """Events of (case, activity, at in minutes, received in minutes or as at)."""
    return [
        LoggedEvent(seq, case, activity, at * MINUTE_US, (heard[0] if heard else at) * MINUTE_US)
        for seq, (case, activity, at, *heard) in enumerate(rows, start=1)
    ]


@settings(max_examples=150, deadline=None)
@given(events=logs(), setup=settings_of_logs(), depth=st.sampled_from([0, 1, 2, 4, 500]))
def test_a_late_event_leaves_no_trace_of_having_been_late(
    events: list[LoggedEvent], setup: dict[str, Any], depth: int
) -> None:
    stored = Stored(events)
    live = fed(LiveLog(**setup, max_depth=depth), events, stored)
    rediscovered = LiveLog(**setup, max_depth=depth)
    rediscovered.learn_sorted(in_order(events), stored.tail)
    assert content(live) == content(rediscovered)


@settings(max_examples=80, deadline=None)
@given(events=logs(), setup=settings_of_logs(), depth=st.integers(0, 6), nodes=st.integers(0, 12))
def test_the_books_balance_after_every_event(
    events: list[LoggedEvent], setup: dict[str, Any], depth: int, nodes: int
) -> None:
    stored, log = Stored(events), LiveLog(**setup, max_depth=depth, max_nodes=nodes)
    for event in events:
        log.learn_one(event, stored.tail)
        assert_consistent(log)


@settings(max_examples=50, deadline=None)
@given(events=logs(), setup=settings_of_logs(), depth=st.sampled_from([2, 500]))
def test_many_events_at_once_are_learnt_as_one_by_one_and_looking_in_between_changes_nothing(
    events: list[LoggedEvent], setup: dict[str, Any], depth: int
) -> None:
    stored, looked, many = Stored(events), LiveLog(**setup, max_depth=depth), LiveLog(**setup, max_depth=depth)
    looked.journal, many.journal = Journal(), Journal()
    for event in events:
        looked.learn_one(event, stored)
        content(looked)
    many.learn_many(events, stored)
    assert content(many) == content(looked)
    assert many.journal.drain() == looked.journal.drain()


@settings(max_examples=80, deadline=None)
@given(events=logs(), setup=settings_of_logs())
def test_a_case_is_closed_by_its_end_activity_or_by_silence(events: list[LoggedEvent], setup: dict[str, Any]) -> None:
    stored, log = Stored(events), LiveLog(**setup)
    for event in events:
        log.learn_one(event, stored.tail)
        closed = closed_cases(events[: event.seq], setup["end_activities"], setup["idle_close_us"])
        assert {name for name, case in log.cases.items() if case.closed} == closed
        assert log.open_cases == len(log.cases) - len(closed)


@settings(max_examples=50, deadline=None)
@given(events=logs())
def test_distance_two_counts_and_activity_counts_are_those_of_the_sequences(events: list[LoggedEvent]) -> None:
    log = fed(LiveLog(), events, Stored(events))
    distance_two: dict[tuple[str, str], int] = {}
    activities: dict[str, int] = {}
    ordered = in_order(events)
    for place, event in enumerate(ordered):
        activities[event.activity] = activities.get(event.activity, 0) + 1
        if place > 1 and ordered[place - 2].case == event.case:
            pair = (ordered[place - 2].activity, event.activity)
            distance_two[pair] = distance_two.get(pair, 0) + 1
    assert log.all.distance_two == distance_two
    assert log.all.activities == activities


def test_events_of_equal_time_keep_the_order_in_which_they_were_stored() -> None:
    events = seen(("c", "a", 1), ("c", "z", 9), ("c", "b", 1), ("c", "d", 1))
    log = fed(LiveLog(), events, Stored(events))
    assert log.tree.variants() == {("a", "b", "d", "z"): 1}


def test_an_event_before_all_others_begins_its_case() -> None:
    events = seen(("c", "b", 5), ("c", "a", 1))
    log = fed(LiveLog(), events, Stored(events))
    assert log.starts == {"a": 1}
    assert log.cases["c"].started_at_us == MINUTE_US


def test_a_case_that_returns_is_open_again() -> None:
    events = seen(("c", "a", 1), ("c", "pay", 2), ("c", "a", 3))
    log = LiveLog(end_activities={"pay"}, track_closed=True)
    fed(log, events[:2], Stored())
    assert (log.open_cases, log.closed.cases if log.closed else None) == (0, 1)
    fed(log, events[2:], Stored(events))
    assert (log.open_cases, log.open_at("a"), log.open_at("pay")) == (1, 1, 0)
    assert log.closed is not None
    assert (log.closed.starts, log.closed.ends, log.closed.directly_follows) == ({}, {}, {})


def test_a_late_event_at_the_end_activity_does_not_close_the_case_that_has_gone_on() -> None:
    events = seen(("c", "a", 1), ("c", "b", 3), ("c", "pay", 2))
    log = fed(LiveLog(end_activities={"pay"}), events, Stored(events))
    assert not log.cases["c"].closed


def test_silence_counts_by_arrival_not_by_the_time_events_tell() -> None:
    log = LiveLog(idle_close_us=10 * MINUTE_US)
    fed(log, seen(("old", "a", 10**6, 0), ("new", "a", 0, 9)), Stored())
    assert not log.cases["old"].closed
    log.learn_one(LoggedEvent(3, "new", "b", 0, 10 * MINUTE_US))
    assert log.cases["old"].closed


def test_a_case_that_breaks_its_silence_was_never_closed() -> None:
    events = seen(("c", "a", 0), ("c", "b", 100))
    log = fed(LiveLog(idle_close_us=10 * MINUTE_US), events, Stored())
    assert not log.cases["c"].closed


def test_closing_an_open_case_reads_nothing_back() -> None:
    events = seen(("c", "a", 1), ("c", "b", 2), ("d", "a", 3), ("d", "pay", 4), ("e", "a", 90))
    stored = Stored(events)
    log = fed(LiveLog(end_activities={"pay"}, idle_close_us=30 * MINUTE_US, track_closed=True), events, stored)
    assert log.closed is not None
    assert (log.closed.cases, stored.asked) == (2, 0)


@pytest.mark.parametrize(
    ("tail", "complaint"),
    [
        (None, "no way to read"),
        (lambda *_: [], "does not end where"),
        (lambda *_: [("b", 2 * MINUTE_US)], "does not end where"),
        (lambda *_: [("d", 4 * MINUTE_US)], "1 of 4 events"),
        (lambda *_: [("a", 0)] * 9 + [("d", 4 * MINUTE_US)], "10 of 4 events"),
    ],
)
def test_an_event_that_cannot_be_placed_is_not_counted_and_can_be_learnt_again(tail: Any, complaint: str) -> None:
    events = seen(("c", "a", 1), ("c", "b", 2), ("c", "c", 3), ("c", "d", 4), ("c", "late", 1))
    log = fed(LiveLog(), events[:4], Stored())
    before = content(log)
    with pytest.raises(HistoryError, match=complaint):
        log.learn_one(events[4], tail)
    assert content(log) == before
    log.learn_one(events[4], Stored(events).tail)
    assert log.tree.variants() == {("a", "late", "b", "c", "d"): 1}


@settings(max_examples=60, deadline=None)
@given(events=logs(min_size=5), setup=settings_of_logs(track_closed=True), depth=st.sampled_from([2, 500]))
def test_a_reader_that_fails_now_and_then_costs_nothing_but_another_try(
    events: list[LoggedEvent], setup: dict[str, Any], depth: int
) -> None:
    stored = Stored(events)
    refused = 0

    def unsteady(case: str, at_us: int | None, before_seq: int) -> list[tuple[str, int]]:
        nonlocal refused
        if (stored.asked + refused) % 2 == 0:
            refused += 1
            raise TimeoutError
        return stored.tail(case, at_us, before_seq)

    log = LiveLog(**setup, max_depth=depth)
    for event in events:
        for _ in range(len(log.cases) + 2):
            try:
                log.learn_one(event, unsteady)
                break
            except TimeoutError:
                continue
    assert content(log) == content(fed(LiveLog(**setup, max_depth=depth), events, stored))


def test_numbers_follow_the_first_appearance_and_can_be_given() -> None:
    events = seen(("c", "b", 1), ("c", "a", 2), ("d", "c", 3))
    assert list(fed(LiveLog(), events, Stored()).numbers) == ["b", "a", "c"]
    log = LiveLog(activities=["x", "c"])
    log.learn_sorted(events)
    assert log.numbers == {"x": 0, "c": 1, "b": 2, "a": 3}


def test_only_an_empty_log_learns_a_sorted_one_and_only_a_sorted_one() -> None:
    events = seen(("c", "b", 5), ("c", "a", 1))
    with pytest.raises(ValueError, match="not in the order of time"):
        LiveLog().learn_sorted(events)
    with pytest.raises(ValueError, match="empty"):
        fed(LiveLog(), events[:1], Stored()).learn_sorted(events)


def test_closed_cases_that_are_not_counted_cannot_be_asked_for() -> None:
    assert LiveLog(track_closed=True).counts("closed").cases == 0
    with pytest.raises(LookupError, match="track_closed"):
        LiveLog().counts("closed")
