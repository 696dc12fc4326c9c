"""The central promise: what is mined live equals what pm4py mines from the stored events."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.discovery import ALGORITHMS
from models_mining.core.live_log import LiveLog, LoggedEvent, closed_cases
from tests.models_mining.core.drawn import in_a_picture
from tests.models_mining.core.sample_logs import read, sample_logs
from tests.models_mining.core.strategies import (
    Stored,
    assert_consistent,
    fed,
    late_shuffled,
    logs,
    settings_of_logs,
)

EXACT = sorted(
    name for name, miner in ALGORITHMS.items() if miner.exact and (miner.cost == "live" or miner.needs == "pairs")
)
PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "heuristics": [{}, {"dependency_threshold": 0.9}, {"noise_threshold": 0.5, "min_dfg_occurrences": 2}],
    "heuristics-net": [{}, {"loop_two_threshold": 0.9, "min_activity_count": 2}, {"and_threshold": 0.1}],
    "imd": [{"view": view} for view in ("tree", "petri-net", "bpmn")],
    "prefix-tree": [{}, {"depth": 2}, {"states": 4}],
    "split": [
        *({"view": view} for view in ("bpmn", "petri-net")),
        {"concurrency_threshold": 0.8, "filter_percentile": 0.9},
        {"filter_percentile": 0.0, "minimise_or_joins": False},
    ],
}
"""What to try beside the defaults."""


def audited(name: str, log: LiveLog, events: list[LoggedEvent], parameters: dict[str, Any] | None = None) -> list[str]:
    """Differences of the stored model over all cases, and over closed ones where they are tracked."""
    closed = closed_cases(events, log.end_activities, log.idle_close_us)
    miner = ALGORITHMS[name]
    assert miner.audit is not None
    complete = miner.check(parameters or {})
    found = miner.audit(in_a_picture(miner.derive(log, "all", complete)), events, closed, complete)
    if log.closed is not None:
        over_closed = [event for event in events if event.case in closed]
        found += miner.audit(in_a_picture(miner.derive(log, "closed", complete)), over_closed, closed, complete)
    return found


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=25, deadline=None)
@given(data=st.data(), events=logs(), setup=settings_of_logs(track_pairs=True), part=st.floats(0, 1))
def test_the_live_model_equals_the_batch_model_now_and_earlier(
    name: str, data: st.DataObject, events: list[LoggedEvent], setup: dict[str, Any], part: float
) -> None:
    parameters = data.draw(st.sampled_from(PARAMETERS.get(name, [{}])))
    stored, now = Stored(events), int(len(events) * part)
    log = fed(LiveLog(**setup), events[:now], stored)
    assert audited(name, log, events[:now], parameters) == []
    fed(log, events[now:], stored)
    assert audited(name, log, events, parameters) == []


@pytest.mark.parametrize("name", ["dfg", "heuristics", "prefix-tree", "temporal-profile"])
@settings(max_examples=12, deadline=None)
@given(
    events=logs(min_size=5),
    setup=settings_of_logs(track_closed=True, track_pairs=True),
    depth=st.integers(0, 4),
)
def test_the_live_model_equals_the_batch_model_for_cases_beyond_the_tree(
    name: str, events: list[LoggedEvent], setup: dict[str, Any], depth: int
) -> None:
    assert audited(name, fed(LiveLog(**setup, max_depth=depth), events, Stored(events)), events) == []


def test_moments_far_from_now_are_mined_too() -> None:
    year_9999_us = int(datetime.fromisoformat("9999-12-31T00:00:00+00:00").timestamp()) * 10**6
    events = [LoggedEvent(1, "c", "a", -(10**15), 0), LoggedEvent(2, "c", "b", year_9999_us, 1)]
    assert audited("dfg", fed(LiveLog(), events, Stored(events)), events) == []


@pytest.mark.parametrize("path", sample_logs())
def test_a_whole_log_is_mined_as_in_batch_though_a_tenth_of_it_comes_late(path: Path | None) -> None:
    events = late_shuffled(read(path))
    ends = {max(events, key=lambda event: event.at_us).activity}
    log = LiveLog(end_activities=ends, idle_close_us=30 * 86_400 * 10**6, track_closed=True, track_pairs=True)
    fed(log, events, Stored(events))
    assert_consistent(log)
    assert len(log.tree.variants()) > 1
    for name in EXACT:
        for parameters in PARAMETERS.get(name, [{}]):
            assert audited(name, log, events, parameters) == []
