"""Algorithms that need whole cases: equal to pm4py's batch discovery, and the same in every process."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.closing import closed_cases
from models_mining.core.discovery import MINERS
from models_mining.core.live_log import LiveLog
from models_mining.core.seen import Seen
from tests.models_mining.core.sample_logs import read, sample_logs
from tests.models_mining.core.strategies import Stored, fed, late_shuffled, logs, settings_of_logs

SLOW = sorted(name for name, miner in MINERS.items() if miner.cost == "slow")
EXACT = [name for name in SLOW if MINERS[name].exact]
PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "declare": [
        {},
        {"auto_selection_multiplier": 1.0},
        {"automatic": False, "min_support_ratio": 0.3, "min_confidence_ratio": 0.6},
        {"automatic": False, "min_support_ratio": 0.0, "min_confidence_ratio": 0.0},
    ],
    "log-skeleton": [{}, {"noise_threshold": 0.2}, {"noise_threshold": 1.0}],
    "transition-system": [
        {"window": window, "direction": direction, "view": view}
        for window in (1, 3)
        for direction in ("backward", "forward")
        for view in ("sequence", "multiset", "set")
    ],
}
"""What to try beside the defaults."""


def in_a_picture(drawing: dict[str, Any]) -> dict[str, Any]:
    """The drawing as it comes back from the table: JSON, with numbers for ids."""
    numbers = {node["id"]: number for number, node in enumerate(drawing["nodes"], start=7)}
    assert len(numbers) == len(drawing["nodes"])
    pairs = {(edge["s"], edge["t"]) for edge in drawing["edges"]}
    assert len(pairs) == len(drawing["edges"])
    picture = drawing | {
        "nodes": [node | {"id": numbers[node["id"]]} for node in drawing["nodes"]],
        "edges": [edge | {"s": numbers[edge["s"]], "t": numbers[edge["t"]]} for edge in drawing["edges"]],
    }
    stored: dict[str, Any] = json.loads(json.dumps(picture))
    assert stored == picture
    return stored


def audited(name: str, log: LiveLog, events: list[Seen], parameters: dict[str, Any]) -> list[str]:
    """Differences of the stored model over all cases, and over closed ones where they are tracked."""
    closed = closed_cases(events, log.end_activities, log.idle.idle_us)
    miner = MINERS[name]
    assert miner.audit is not None
    complete = miner.check(parameters)
    found = miner.audit(in_a_picture(miner.derive(log, "all", parameters)), events, closed, complete)
    if log.closed is not None:
        over_closed = [event for event in events if event.case in closed]
        picture = in_a_picture(miner.derive(log, "closed", parameters))
        found += miner.audit(picture, over_closed, closed, complete)
    return found


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=25, deadline=None)
@given(data=st.data(), events=logs(), setup=settings_of_logs(), depth=st.sampled_from([500, 500, 500, 3]))
def test_a_model_of_whole_cases_equals_the_batch_model(
    name: str, data: st.DataObject, events: list[Seen], setup: dict[str, Any], depth: int
) -> None:
    parameters = data.draw(st.sampled_from(PARAMETERS.get(name, [{}])))
    log = fed(LiveLog(**setup, max_depth=depth), events, Stored(events))
    assert audited(name, log, events, parameters) == []


@pytest.mark.parametrize("path", sample_logs())
def test_models_of_whole_cases_of_a_whole_log_equal_the_batch_models(path: Path | None) -> None:
    events = late_shuffled(read(path))
    log = fed(LiveLog(), events, Stored(events))
    for name in EXACT:
        began = time.process_time()
        MINERS[name].derive(log)
        if time.process_time() - began < 2:  # else batch, too, takes long
            assert audited(name, log, events, {}) == []
