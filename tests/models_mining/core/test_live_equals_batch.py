"""The central promise: what is mined live equals what pm4py mines from the stored events."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.closing import closed_cases
from models_mining.core.discovery import MINERS, derive
from models_mining.core.live_log import LiveLog
from models_mining.core.seen import Seen
from tests.models_mining.core.sample_logs import read, sample_logs
from tests.models_mining.core.strategies import (
    Stored,
    assert_consistent,
    fed,
    late_shuffled,
    logs,
    settings_of_logs,
)

EXACT = sorted(name for name, miner in MINERS.items() if miner.exact and miner.cost == "live")


def audited(name: str, log: LiveLog, events: list[Seen]) -> list[str]:
    """Differences of the model over all cases, and over closed ones where they are tracked."""
    closed = closed_cases(events, log.end_activities, log.idle.idle_us)
    miner = MINERS[name]
    assert miner.audit is not None
    defaults = miner.check({})
    found = miner.audit(derive(name, log), events, closed, defaults)
    if log.closed is not None:
        over_closed = [event for event in events if event.case in closed]
        found += miner.audit(derive(name, log, "closed"), over_closed, closed, defaults)
    return found


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=120, deadline=None)
@given(events=logs(), setup=settings_of_logs(track_closed=True), part=st.floats(0, 1))
def test_the_live_model_equals_the_batch_model_now_and_earlier(
    name: str, events: list[Seen], setup: dict[str, Any], part: float
) -> None:
    stored, now = Stored(events), int(len(events) * part)
    log = fed(LiveLog(**setup), events[:now], stored)
    assert audited(name, log, events[:now]) == []
    fed(log, events[now:], stored)
    assert audited(name, log, events) == []


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=30, deadline=None)
@given(events=logs(min_size=5), setup=settings_of_logs(track_closed=True), depth=st.integers(0, 4))
def test_the_live_model_equals_the_batch_model_for_cases_beyond_the_tree(
    name: str, events: list[Seen], setup: dict[str, Any], depth: int
) -> None:
    assert audited(name, fed(LiveLog(**setup, max_depth=depth), events, Stored(events)), events) == []


def test_moments_far_from_now_are_mined_too() -> None:
    year_9999_us = int(datetime.fromisoformat("9999-12-31T00:00:00+00:00").timestamp()) * 10**6
    events = [Seen(1, "c", "a", -(10**15), 0), Seen(2, "c", "b", year_9999_us, 1)]
    assert audited("dfg", fed(LiveLog(), events, Stored(events)), events) == []


@pytest.mark.parametrize("path", sample_logs())
def test_a_whole_log_is_mined_as_in_batch_though_a_tenth_of_it_comes_late(path: Path | None) -> None:
    events = late_shuffled(read(path))
    ends = {max(events, key=lambda event: event.at_us).activity}
    log = LiveLog(end_activities=ends, idle_close_us=30 * 86_400 * 10**6, track_closed=True)
    fed(log, events, Stored(events))
    assert_consistent(log)
    assert len(log.tree.variants()) > 1
    for name in EXACT:
        assert audited(name, log, events) == []
