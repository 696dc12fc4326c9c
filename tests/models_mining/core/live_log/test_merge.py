"""Logs over different cases add up to the log over all of them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.live_log import LiveLog, LoggedEvent
from tests.models_mining.core.strategies import (
    Stored,
    assert_consistent,
    content,
    fed,
    in_order,
    logs,
    settings_of_logs,
)


@settings(max_examples=100, deadline=None)
@given(
    events=logs(cases=6),
    more=logs(cases=6),
    setup=settings_of_logs(),
    here=st.sets(st.integers(0, 5)),
    depth=st.sampled_from([2, 500]),
)
def test_merged_logs_are_as_one_and_go_on_as_one(
    events: list[LoggedEvent], more: list[LoggedEvent], setup: dict[str, Any], here: set[int], depth: int
) -> None:
    names = {f"case {number}" for number in here}
    more = [event._replace(seq=event.seq + len(events)) for event in more]
    stored = Stored([*events, *more])
    one = fed(LiveLog(**setup, max_depth=depth), events, stored)
    left, right = LiveLog(**setup, max_depth=depth), LiveLog(**setup, max_depth=depth)
    left.learn_sorted((event for event in in_order(events) if event.case in names), stored.tail)
    right.learn_sorted((event for event in in_order(events) if event.case not in names), stored.tail)
    left.merge(right, stored.tail)
    assert content(left) == content(one)
    assert_consistent(left)
    assert content(fed(left, more, stored)) == content(fed(one, more, stored))
    assert_consistent(left)


@settings(max_examples=50, deadline=None)
@given(left=logs(prefix="left"), right=logs(prefix="right"), nodes=st.integers(0, 12))
def test_a_merge_keeps_to_the_budget_and_its_counts_stay_exact(
    left: list[LoggedEvent], right: list[LoggedEvent], nodes: int
) -> None:
    small, large = (fed(LiveLog(max_nodes=room), left, Stored(left)) for room in (nodes, 1000))
    small.merge(fed(LiveLog(max_nodes=1000), right, Stored(right)))
    large.merge(fed(LiveLog(max_nodes=1000), right, Stored(right)))
    assert_consistent(small)
    assert content(small)["all"] == content(large)["all"]
    assert [case.activity for case in small.cases.values()] == [case.activity for case in large.cases.values()]


def test_a_case_in_both_logs_or_other_settings_are_refused_before_anything_changes() -> None:
    events = [LoggedEvent(1, "c", "a", 1, 1)]
    log = fed(LiveLog(), events, Stored())
    before = content(log)
    with pytest.raises(ValueError, match="'c'"):
        log.merge(fed(LiveLog(), events, Stored()))
    with pytest.raises(ValueError, match="settings"):
        log.merge(LiveLog(end_activities={"a"}))
    assert content(log) == before


def test_a_case_is_closed_that_was_idle_by_the_clock_of_the_other_log() -> None:
    log = fed(LiveLog(idle_close_us=10, track_closed=True), [LoggedEvent(1, "c", "a", 0, 0)], Stored())
    log.merge(fed(LiveLog(idle_close_us=10, track_closed=True), [LoggedEvent(2, "d", "a", 0, 10)], Stored()))
    assert log.closed is not None
    assert (log.cases["c"].closed, log.cases["d"].closed, log.closed.cases) == (True, False, 1)
