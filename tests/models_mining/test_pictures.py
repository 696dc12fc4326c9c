"""Pictures and deltas: whatever a client missed, a delta brings it to the newest picture."""

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models_mining import pictures
from models_mining.pictures import Picture, apply, delta, next_picture, snapshot

nodes_of = st.dictionaries(st.integers(0, 6), st.integers(1, 3), max_size=6)
edges_of = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(1, 3), max_size=6)
graphs = st.tuples(nodes_of, edges_of)


def painted(previous: Picture | None, graph: tuple[dict[Any, int], dict[Any, int]], version: int) -> Picture:
    nodes = [{"id": key, "n": n} for key, n in graph[0].items()]
    edges = [{"s": s, "t": t, "n": n} for (s, t), n in graph[1].items()]
    return next_picture(previous, nodes, edges, epoch="e", version=version, seq=version * 10, at="now")


def shown(picture: Picture) -> tuple[dict[int, Any], dict[Any, Any], int]:
    return (
        {row["id"]: row for row in picture["nodes"]},
        {(row["s"], row["t"]): row for row in picture["edges"]},
        picture["version"],
    )


def history(steps: list[tuple[dict[Any, int], dict[Any, int]]]) -> list[Picture]:
    made: list[Picture] = []
    for version, graph in enumerate(steps, start=1):
        made.append(painted(made[-1] if made else None, graph, version))
    return made


@given(steps=st.lists(graphs, min_size=1, max_size=8), data=st.data())
def test_a_delta_since_any_version_leads_to_the_newest_picture(steps: Any, data: st.DataObject) -> None:
    made = history(steps)
    since = data.draw(st.integers(0, len(made) - 1))
    change = delta(made[-1], made[since]["version"])
    assert change is not None
    assert shown(apply(snapshot(made[since]), change)) == shown(snapshot(made[-1]))


@given(steps=st.lists(graphs, min_size=1, max_size=8))
def test_applying_a_delta_twice_does_no_harm(steps: Any) -> None:
    made = history(steps)
    change = delta(made[-1], made[0]["version"])
    assert change is not None
    once = apply(snapshot(made[0]), change)
    assert shown(apply(once, {**change, "from": once["version"]})) == shown(once)


@given(steps=st.lists(graphs, min_size=2, max_size=8))
def test_structure_rises_exactly_when_nodes_or_edges_appear_or_go(steps: Any) -> None:
    made = history(steps)
    for before, after in itertools.pairwise(made):
        same = shown(before)[0].keys() == shown(after)[0].keys() and shown(before)[1].keys() == shown(after)[1].keys()
        assert (after["structure"] == before["structure"]) == same


def test_an_unchanged_row_keeps_the_version_that_first_showed_it() -> None:
    first, second = history([({0: 1, 1: 1}, {}), ({0: 1, 1: 2}, {})])
    assert [row["v"] for row in first["nodes"]] == [1, 1]
    assert [row["v"] for row in second["nodes"]] == [1, 2]


def test_a_new_epoch_starts_afresh() -> None:
    (first,) = history([({0: 1}, {})])
    other = next_picture(first, [{"id": 0, "n": 1}], [], epoch="f", version=2, seq=1, at="now")
    assert other["nodes"][0]["v"] == 2
    assert other["removed"] == {"nodes": [], "edges": [], "forgotten": 0}


def test_a_delta_that_reaches_further_back_than_removals_are_remembered_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr(pictures, "REMOVALS", 2)
    made = history([({n: 1}, {}) for n in range(6)])
    assert delta(made[-1], 2) is None
    assert delta(made[-1], 4) is not None
    assert delta(made[-1], 99) is None


def test_a_delta_says_how_many_moves_it_leaves_out() -> None:
    first = next_picture(None, [], [], epoch="e", version=1, seq=1, at="now", moves=[("a", None, 0, "t")], moved=1)
    moves = [("b", None, 0, "t")] * 50
    second = next_picture(first, [], [], epoch="e", version=2, seq=500, at="now", moves=moves, moved=499)
    change = delta(second, 1)
    assert change is not None
    assert (len(change["moves"]), change["moves_omitted"]) == (50, 449)
