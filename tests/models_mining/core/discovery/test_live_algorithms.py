"""Algorithms that are derived live: drawings of odd logs, skipped where nothing changed."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.discovery import ALGORITHMS, NotDerivableError
from models_mining.core.live_log import LiveLog, LoggedEvent
from tests.models_mining.core.drawn import check, in_a_picture
from tests.models_mining.core.strategies import Stored, fed, generated_log, logs

LIVE = sorted(
    name for name, miner in ALGORITHMS.items() if miner.exact and (miner.cost == "live" or miner.needs == "pairs")
)
SKIPPED = sorted(name for name, miner in ALGORITHMS.items() if miner.needs in ("edges", "variants") and miner.exact)


@pytest.mark.parametrize("activities", [[], ["a"], ["a", "a", "a"], ["only one", "", "'\"→☃ #2"]])
@pytest.mark.parametrize("name", LIVE)
def test_the_smallest_logs_have_a_drawing(name: str, activities: list[str]) -> None:
    events = [LoggedEvent(seq, "c", activity, seq, seq) for seq, activity in enumerate(activities, start=1)]
    log = fed(LiveLog(track_pairs=True), events, Stored(events))
    miner = ALGORITHMS[name]
    views = next((parameter.choices for parameter in miner.parameters if parameter.name == "view"), None)
    for given_view in [{"view": view} for view in views or ()] or [{}]:
        drawing = miner.derive(log, "all", given_view)
        check(drawing)
        assert miner.audit is not None
        assert miner.audit(drawing, events, set(), miner.check(given_view)) == []
        assert bool(drawing["nodes"]) == bool(activities) or name.startswith("heuristics")


@pytest.mark.parametrize("name", SKIPPED)
@settings(max_examples=10, deadline=None)
@given(events=logs(max_size=30), more=st.lists(st.integers(0, 40), max_size=6))
def test_what_has_the_same_key_has_the_same_drawing(name: str, events: list[LoggedEvent], more: list[int]) -> None:
    miner, log = ALGORITHMS[name], fed(LiveLog(), events, Stored(events))
    ways = sorted(log.tree.variants())
    steps = [  # whole cases once more: the sets stay what they are, the counts do not
        (f"again {number}", activity)
        for number, choice in enumerate(more if ways else [])
        for activity in ways[choice % len(ways)]
    ]
    again = [
        LoggedEvent(seq, case, activity, seq, 0) for seq, (case, activity) in enumerate(steps, start=len(events) + 1)
    ]
    other = fed(fed(LiveLog(), events, Stored(events)), again, Stored())
    assert miner.state_key(other) == miner.state_key(log)
    assert _drawn(name, other) == _drawn(name, log)
    fed(other, [LoggedEvent(len(events) + len(again) + 1, "new", "never seen before", 0, 0)], Stored())
    assert miner.state_key(other) != miner.state_key(log)


def _drawn(name: str, log: LiveLog) -> Any:
    try:
        return ALGORITHMS[name].derive(log)
    except NotDerivableError as error:
        return str(error)


def test_a_model_of_counts_has_no_key_to_skip_it_by() -> None:
    assert ALGORITHMS["dfg"].state_key(LiveLog()) is None
    assert ALGORITHMS["heuristics"].state_key(LiveLog()) is None


@pytest.mark.parametrize("name", [name for name in LIVE if name != "dfg"])
def test_a_picture_that_is_wrong_is_found_out(name: str) -> None:
    events = generated_log()
    log = fed(LiveLog(track_pairs=True), events, Stored(events))
    miner = ALGORITHMS[name]
    assert miner.audit is not None
    picture = in_a_picture(miner.derive(log))
    assert miner.audit(picture, events, set(), miner.check({})) == []
    less = copy.deepcopy(picture)
    less["edges"].pop()
    renamed = copy.deepcopy(picture)
    next(node for node in renamed["nodes"] if node["label"] and node.get("type") != "place")["label"] = "another"
    for wrong in (less, renamed):
        assert miner.audit(wrong, events, set(), miner.check({}))


@pytest.mark.parametrize(
    ("name", "measure"),
    [("heuristics", "dependency"), ("temporal-profile", "deviation_s"), ("temporal-profile", "mean_s")],
)
def test_a_measure_that_is_wrong_is_found_out(name: str, measure: str) -> None:
    events = generated_log()
    log = fed(LiveLog(track_pairs=True), events, Stored(events))
    miner = ALGORITHMS[name]
    assert miner.audit is not None
    drawing = copy.deepcopy(miner.derive(log))
    next(edge for edge in drawing["edges"] if edge[measure])[measure] *= 1.001
    (said,) = miner.audit(drawing, events, set(), miner.check({}))
    assert "live" in said


def test_a_prefix_tree_shows_the_most_frequent_ways_and_says_so() -> None:
    ways = ["ab", "ab", "ac", "d"]
    events = [
        LoggedEvent(n, f"c{case}", activity, n, n)
        for n, (case, activity) in enumerate(((c, a) for c, way in enumerate(ways) for a in way), start=1)
    ]
    log = fed(LiveLog(), events, Stored(events))
    drawing = ALGORITHMS["prefix-tree"].derive(log, "all", {"states": 2})
    assert [(node["label"], node["n"], node["here"]) for node in drawing["nodes"]] == [
        ("", 4, 0),
        ("a", 3, 0),
        ("b", 2, 2),
    ]
    assert drawing["remarks"] == ["Only the 2 most frequent prefixes are shown."]


def test_footprints_tell_what_causes_what_and_what_runs_in_parallel() -> None:
    events = [LoggedEvent(n, f"c{n // 4}", activity, n, n) for n, activity in enumerate("abcdacbd", start=0)]
    log = fed(LiveLog(), [event._replace(seq=event.seq + 1) for event in events], Stored())
    drawing = ALGORITHMS["footprints"].derive(log)
    labels = {node["id"]: node["label"] for node in drawing["nodes"]}
    assert {labels[edge["s"]] + edge["relation"] + labels[edge["t"]] for edge in drawing["edges"]} == {
        *("a→b", "a→c", "b∥c", "b→d", "c→d"),
    }
    assert [node["label"] for node in drawing["nodes"] if node["start"]] == ["a"]
