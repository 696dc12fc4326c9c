"""Closed cases may be forgotten: memory follows the open ones, and nothing that is counted changes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.live_log import HistoryError, LiveLog, LoggedEvent
from tests.models_mining.core.strategies import Stored, assert_consistent, content, fed, logs, settings_of_logs

A_CASE = [LoggedEvent(1, "c", "a", 1, 1), LoggedEvent(2, "c", "pay", 2, 2)]


def without_cases(log: LiveLog) -> dict[str, Any]:
    return {kept: value for kept, value in content(log).items() if kept != "cases"}


@settings(max_examples=150, deadline=None)
@given(
    events=logs(cases=6),
    setup=settings_of_logs(),
    keep=st.integers(0, 2),
    limits=st.sampled_from([{}, {"max_depth": 2}, {"max_nodes": 4}]),
)
def test_a_log_that_forgets_counts_as_one_that_does_not(
    events: list[LoggedEvent], setup: dict[str, Any], keep: int, limits: dict[str, Any]
) -> None:
    stored = Stored(events)
    forgetful, other = LiveLog(**setup, **limits), LiveLog(**setup, **limits)
    for event in events:
        forgetful.learn_one(event, stored.tail)
        other.learn_one(event, stored.tail)
        forgetful.forget_closed(keep)
        assert without_cases(forgetful) == without_cases(other)
        assert_consistent(forgetful)
    restored = LiveLog.from_state(forgetful.to_state())
    assert content(restored) == content(forgetful)
    assert restored.archived == forgetful.archived == len(other.cases) - len(forgetful.cases)


def test_memory_holds_the_open_cases_and_no_more_closed_ones_than_asked_for() -> None:
    log = LiveLog(end_activities={"pay"})
    for number in range(100):
        fed(log, [LoggedEvent(2 * number + 1, f"c{number}", "a", 1, number)], Stored())
        if number % 10:
            fed(log, [LoggedEvent(2 * number + 2, f"c{number}", "pay", 2, number)], Stored())
    assert log.forget_closed(keep=5) == 85
    assert len(log.cases) == 15
    assert (log.all.cases, log.open_cases) == (100, 10)
    assert {"c95", "c96", "c97", "c98", "c99"} < set(log.cases)


def test_a_new_case_is_new_though_others_were_forgotten() -> None:
    log = fed(LiveLog(end_activities={"pay"}), A_CASE, Stored())
    log.forget_closed(keep=0)
    fed(log, [LoggedEvent(3, "d", "a", 3, 3)], Stored(A_CASE))
    assert (log.all.cases, log.archived, list(log.cases)) == (2, 1, ["d"])


@pytest.mark.parametrize("tail", [None, lambda *_: [("b", 1), ("pay", 2)], lambda *_: [("a", 1)]])
def test_a_case_that_might_be_a_forgotten_one_is_not_guessed(tail: Any) -> None:
    log = fed(LiveLog(end_activities={"pay"}), A_CASE, Stored())
    log.forget_closed(keep=0)
    before = content(log)
    with pytest.raises(HistoryError):
        log.learn_one(LoggedEvent(3, "c", "a", 3, 2), tail)
    assert content(log) == before


def test_a_log_that_has_forgotten_cases_cannot_be_merged_into_another() -> None:
    log = fed(LiveLog(end_activities={"pay"}), A_CASE, Stored())
    log.forget_closed(keep=0)
    with pytest.raises(ValueError, match="archived 1 case"):
        LiveLog(end_activities={"pay"}).merge(log)
