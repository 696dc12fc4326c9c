"""Saving and restoring: a checkpoint loses nothing, and anything else is refused."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.live_log import LiveLog, LoggedEvent, StateError
from tests.models_mining.core.strategies import Stored, assert_consistent, content, fed, logs, settings_of_logs


@settings(max_examples=100, deadline=None)
@given(events=logs(), setup=settings_of_logs(), part=st.floats(0, 1), depth=st.sampled_from([2, 500]))
def test_a_restored_log_continues_as_if_never_stopped(
    events: list[LoggedEvent], setup: dict[str, Any], part: float, depth: int
) -> None:
    stored, now = Stored(events), int(len(events) * part)
    kept = fed(LiveLog(**setup, max_depth=depth), events[:now], stored)
    restored = LiveLog.from_state(orjson.loads(orjson.dumps(kept.to_state())))
    assert content(restored) == content(kept)
    assert_consistent(restored)
    assert fed(restored, events[now:], stored).to_state() == fed(kept, events[now:], stored).to_state()
    assert content(restored) == content(kept)


def test_sums_of_squares_beyond_64_bits_survive() -> None:
    century_us = 100 * 365 * 86_400 * 10**6
    log = fed(LiveLog(), [LoggedEvent(1, "c", "a", 0, 0), LoggedEvent(2, "c", "b", century_us, 0)], Stored())
    restored = LiveLog.from_state(orjson.loads(orjson.dumps(log.to_state())))
    assert restored.directly_follows["a", "b"].squares_us2 == century_us**2 > 2**64


def small_state() -> dict[str, Any]:
    events = [LoggedEvent(1, "c", "a", 1, 1), LoggedEvent(2, "c", "b", 2, 2), LoggedEvent(3, "d", "a", 3, 3)]
    return fed(LiveLog(track_closed=True), events, Stored()).to_state()


@pytest.mark.parametrize("version", [0, 1, "2", None])
def test_a_state_of_another_version_is_refused(version: Any) -> None:
    with pytest.raises(StateError, match="version"):
        LiveLog.from_state(small_state() | {"version": version})


@pytest.mark.parametrize(
    "broken",
    [
        {"settings": {"unknown": 1}},
        {"activities": ["a"]},
        {"activities": None},
        {"tree": {"parent": [0, 7], "activity": [0, 1], "closed": [0, 0]}},
        {"tree": {"parent": [0, -1], "activity": [0, 1], "closed": [0, 0]}},
        {"tree": {"parent": [0, 1, 2], "activity": [0, 1], "closed": [0, 0]}},
        {"tree": {"parent": [0, 1, 2], "activity": [0, 1, 1], "closed": [0, 0, 0]}},
        {"cases": {}},
        {"all": None},
        {"closed": None},
        {"newest_received_us": "noon"},
    ],
)
def test_a_broken_state_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(StateError):
        LiveLog.from_state(small_state() | broken)


@pytest.mark.parametrize("key", sorted(small_state()))
def test_a_state_with_a_part_missing_is_refused(key: str) -> None:
    with pytest.raises(StateError):
        LiveLog.from_state({name: part for name, part in small_state().items() if name != key})


@pytest.mark.parametrize("nothing", [None, [], "state", 7, {}])
def test_what_is_no_state_at_all_is_refused(nothing: Any) -> None:
    with pytest.raises(StateError):
        LiveLog.from_state(nothing)
