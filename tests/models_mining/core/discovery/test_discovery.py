"""The registry of algorithms, the graph value, and the comparison with batch."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from models_mining.core.counting.sketch import Sketch
from models_mining.core.discovery import ALGORITHMS, Parameter, ParameterError, derive, get, pm4py_bridge, registry
from models_mining.core.drawing import compare
from models_mining.core.live_log import LiveLog, LoggedEvent, closed_cases
from tests.models_mining.core.strategies import Stored, fed, generated_log

SECOND_US = 10**6


def test_the_graph_has_the_fields_clients_are_promised() -> None:
    events = [
        LoggedEvent(n, "c", activity, n * n * SECOND_US, n) for n, activity in enumerate(["b", "a", "b"], start=1)
    ]
    log = fed(LiveLog(), [*events, LoggedEvent(4, "d", "b", 0, 4)], Stored())
    graph = derive("dfg", log)
    assert graph["nodes"] == [
        {"id": 0, "label": "b", "n": 3, "starts": 2, "ends": 2, "open": 2},
        {"id": 1, "label": "a", "n": 1, "starts": 0, "ends": 0, "open": 0},
    ]
    assert [(edge["s"], edge["t"], edge["n"], edge["mean_s"]) for edge in graph["edges"]] == [
        (0, 1, 1, 3.0),
        (1, 0, 1, 5.0),
    ]
    assert graph["edges"][0]["median_s"] == graph["edges"][0]["p95_s"] == pytest.approx(3.0, rel=0.01)
    assert json.loads(json.dumps(graph)) == graph


def test_the_graph_of_closed_cases_shows_nobody_under_way() -> None:
    log = LiveLog(end_activities={"pay"}, track_closed=True)
    fed(log, [LoggedEvent(1, "c", "pay", 0, 0), LoggedEvent(2, "d", "a", 0, 0)], Stored())
    assert derive("dfg", log, "closed") == {
        "kind": "graph",
        "nodes": [{"id": 0, "label": "pay", "n": 1, "starts": 1, "ends": 1, "open": 0}],
        "edges": [],
    }


def test_an_edge_is_summed_up_again_only_after_it_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    events = generated_log()
    log = fed(LiveLog(), events[:-1], Stored(events))
    derive("dfg", log)
    asked: list[Any] = []

    def quantiles(sketch: Sketch, qs: tuple[float, ...]) -> list[float]:
        asked.append(sketch)
        return [0.0 for _ in qs]

    monkeypatch.setattr(Sketch, "quantiles", quantiles)
    derive("dfg", log)
    assert asked == []
    fed(log, events[-1:], Stored(events))
    derive("dfg", log)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("nodes", 0, "n"), 7, "events of"),
        (("nodes", 0, "starts"), 7, "cases starting with"),
        (("nodes", 0, "ends"), 7, "cases ending with"),
        (("nodes", 0, "open"), 7, "open cases at"),
        (("edges", 0, "n"), 7, "times"),
        (("edges", 0, "mean_s"), 1.0001, "mean"),
        (("edges", 0, "median_s"), 1.02, "median"),
        (("edges", 0, "p95_s"), 1.02, "95th percentile"),
        (("edges", 0, "total_s"), 1.0001, "total time"),
        (("edges", 0, "min_s"), 1.02, "shortest"),
        (("edges", 0, "max_s"), 1.02, "longest"),
    ],
)
def test_every_difference_to_the_batch_result_is_told(path: tuple[Any, ...], value: Any, complaint: str) -> None:
    events = generated_log()
    log = fed(LiveLog(end_activities={"pay"}), events, Stored(events))
    batch = pm4py_bridge.batch_dfg(events, closed_cases(events, {"pay"}))
    graph = derive("dfg", log)
    assert compare.differences(graph, batch) == []
    wrong = copy.deepcopy(graph)
    kind, place, field = path
    wrong[kind][place][field] = value if isinstance(value, int) else wrong[kind][place][field] * value
    (said,) = compare.differences(wrong, batch)
    assert said.startswith(complaint)
    assert "live" in said
    assert "batch" in said


def test_an_edge_or_an_activity_that_only_one_side_has_is_told() -> None:
    events = generated_log()
    graph = derive("dfg", fed(LiveLog(), events, Stored(events)))
    del graph["edges"][0]
    assert len(compare.differences(graph, pm4py_bridge.batch_dfg(events))) == 1
    assert compare.differences({"kind": "graph", "nodes": [], "edges": []}, pm4py_bridge.batch_dfg([])) == []


def test_nobody_pays_for_pm4py_who_does_not_ask_for_a_batch_result() -> None:
    program = "import sys, models_mining.core.discovery; sys.exit('pm4py' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_every_algorithm_says_what_it_is() -> None:
    for name, miner in ALGORITHMS.items():
        assert get(name) is miner
        assert miner.summary
        assert miner.source
        assert miner.audit is not None or not miner.exact
    with pytest.raises(LookupError, match=r"'no such'.*dfg"):
        get("no such")


def test_every_algorithm_and_every_parameter_of_it_is_documented() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in Path("docs/algorithms").glob("*.md"))
    for name, miner in ALGORITHMS.items():
        assert miner.package == "procmine"
        assert f"`{name}`" in pages, name
        for parameter in miner.parameters if name != "lossy-dfg" else ():
            assert f"`{parameter.name}`" in pages, (name, parameter.name)
            assert parameter.meaning


@pytest.fixture
def noisy(monkeypatch: pytest.MonkeyPatch) -> registry.Algorithm:
    """An algorithm with every kind of parameter that answers with their values."""
    monkeypatch.setattr(registry, "ALGORITHMS", {})

    @registry.miner(
        name="noisy",
        source="none",
        cost="slow",
        needs="edges",
        exact=False,
        parameters=(
            Parameter("noise", 0.2, "share of rare behaviour left out", minimum=0, maximum=1),
            Parameter("depth", 3, "how far to look"),
            Parameter("fast", default=False, meaning="skip the check"),
            Parameter("order", "name", "how to sort", choices=("name", "count")),
        ),
    )
    def noisy(log: LiveLog, cases: str = "all", **parameters: Any) -> dict[str, Any]:
        """Answers what it was asked."""
        return parameters

    return registry.get("noisy")


def test_parameters_have_defaults_types_and_bounds(noisy: registry.Algorithm) -> None:
    assert noisy.derive(LiveLog()) == {"noise": 0.2, "depth": 3, "fast": False, "order": "name"}
    assert noisy.derive(LiveLog(), "all", {"noise": 1, "order": "count"})["noise"] == 1.0
    assert [parameter.kind for parameter in noisy.parameters] == ["float", "int", "bool", "str"]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"noise": 1.1}, "noise"),
        ({"noise": -0.1}, "noise"),
        ({"noise": float("nan")}, "noise"),
        ({"noise": "0.1"}, "noise"),
        ({"noise": True}, "noise"),
        ({"depth": 2.0}, "depth"),
        ({"fast": 1}, "fast"),
        ({"order": "size"}, "order"),
        ({"order": None}, "order"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_parameter_it_does_not_take_is_refused_by_name(noisy: registry.Algorithm, given: Any, name: str) -> None:
    with pytest.raises(ParameterError, match=f"^{name}: ") as refused:
        noisy.derive(LiveLog(), "all", given)
    assert refused.value.name == name


def test_a_name_is_given_once_and_exactness_needs_a_proof(noisy: registry.Algorithm) -> None:
    register = registry.miner(name="noisy", source="none", cost="live", needs="edges", exact=False)
    with pytest.raises(ValueError, match="two algorithms"):
        register(lambda log, cases: None)
    with pytest.raises(ValueError, match="audit"):
        registry.miner(name="other", source="none", cost="live", needs="edges")(lambda log, cases: None)
