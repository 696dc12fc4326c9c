"""Pictures and deltas: whatever a client missed, a delta brings it to the newest picture."""

import itertools
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models_mining.core.drawing.drawing import Drawing
from models_mining.mined_models import pictures
from models_mining.mined_models.pictures import Picture, apply, delta, next_picture, snapshot

nodes_of = st.dictionaries(st.integers(0, 6), st.integers(1, 3), max_size=6)
edges_of = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(1, 3), max_size=6)
Graph = tuple[dict[int, int], dict[tuple[int, int], int]]


def graph(named: bool) -> "st.SearchStrategy[Drawing]":
    """A model of activities, or one whose nodes go by texts; some rows tell more than others."""

    def drawn(measured: Graph) -> Drawing:
        nodes, edges = measured
        name: Any = "n{}".format if named else int
        ids = sorted(nodes.keys() | {end for edge in edges for end in edge})
        return {
            "kind": "petri-net" if named else "graph",
            "nodes": [{"id": name(id_), "label": "", **({"n": nodes[id_]} if id_ in nodes else {})} for id_ in ids],
            "edges": [{"s": name(s), "t": name(t), "n": n} for (s, t), n in edges.items()],
        }

    return st.tuples(nodes_of, edges_of).map(drawn)


graphs = st.booleans().flatmap(lambda named: st.lists(graph(named), min_size=2, max_size=8))


def numbered(*nodes: tuple[int, int]) -> Drawing:
    return {"kind": "graph", "nodes": [{"id": id_, "n": n} for id_, n in nodes], "edges": []}


def painted(previous: Picture | None, drawing: Drawing, version: int, **fields: Any) -> Picture:
    """Kept as JSON in between, as in the table."""
    picture = next_picture(previous, drawing, epoch="e", version=version, seq=version * 10, at="now", **fields)
    return json.loads(json.dumps(picture))  # type: ignore[no-any-return]


def shown(picture: Picture) -> tuple[dict[int, Any], dict[Any, Any], dict[str, Any]]:
    rest = {name: value for name, value in picture.items() if name not in ("nodes", "edges")}
    return (
        {row["id"]: row for row in picture["nodes"]},
        {(row["s"], row["t"]): row for row in picture["edges"]},
        rest,
    )


def history(steps: list[Drawing]) -> list[Picture]:
    made: list[Picture] = []
    for version, drawing in enumerate(steps, start=1):
        made.append(painted(made[-1] if made else None, drawing, version))
    return made


@given(steps=graphs, data=st.data())
def test_a_delta_since_any_version_leads_to_the_newest_picture(steps: Any, data: st.DataObject) -> None:
    made = history(steps)
    since = data.draw(st.integers(0, len(made) - 1))
    change = delta(made[-1], made[since]["version"])
    assert change is not None
    assert shown(apply(snapshot(made[since]), change)) == shown(snapshot(made[-1]))


@given(steps=graphs)
def test_applying_a_delta_twice_does_no_harm(steps: Any) -> None:
    made = history(steps)
    change = delta(made[-1], made[0]["version"])
    assert change is not None
    once = apply(snapshot(made[0]), change)
    assert shown(apply(once, {**change, "from": once["version"]})) == shown(once)


@given(steps=graphs)
def test_structure_rises_exactly_when_nodes_or_edges_appear_or_go(steps: Any) -> None:
    made = history(steps)
    for before, after in itertools.pairwise(made):
        same = shown(before)[0].keys() == shown(after)[0].keys() and shown(before)[1].keys() == shown(after)[1].keys()
        assert (after["structure"] == before["structure"]) == same


@given(steps=graphs)
def test_a_named_node_has_one_number_for_good_and_shares_it_with_none(steps: Any) -> None:
    pairs = {(row["key"], row["id"]) for picture in history(steps) for row in picture["nodes"] if "key" in row}
    names = {row["id"] for step in steps for row in step["nodes"] if isinstance(row["id"], str)}
    assert len(pairs) == len({key for key, _ in pairs}) == len({id_ for _, id_ in pairs}) == len(names)


def test_an_unchanged_row_keeps_the_version_that_first_showed_it() -> None:
    first, second = history([numbered((0, 1), (1, 1)), numbered((0, 1), (1, 2))])
    assert [row["v"] for row in first["nodes"]] == [1, 1]
    assert [row["v"] for row in second["nodes"]] == [1, 2]


def test_a_new_epoch_starts_afresh() -> None:
    (first,) = history([numbered((0, 1))])
    other = next_picture(first, numbered((0, 1)), epoch="f", version=2, seq=1, at="now")
    assert other["nodes"][0]["v"] == 2
    assert other["removed"] == {"nodes": [], "edges": [], "forgotten": 0}


def test_a_picture_says_as_of_when_its_structure_is() -> None:
    picture = painted(None, numbered((0, 1)), 3, derived_seq=7, derived_at="before")
    assert [snapshot(picture)[name] for name in ("seq", "derived_seq", "derived_at")] == [30, 7, "before"]


def test_a_delta_that_reaches_further_back_than_removals_are_remembered_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr(pictures, "REMOVALS", 2)
    made = history([numbered((n, 1)) for n in range(6)])
    assert delta(made[-1], 2) is None
    assert delta(made[-1], 4) is not None
    assert delta(made[-1], 99) is None


def test_a_delta_says_how_many_moves_it_leaves_out() -> None:
    first = painted(None, numbered(), 1, moves=[("a", None, 0, "t")], moved=1)
    second = painted(first, numbered(), 2, moves=[("b", None, 0, "t")] * 50, moved=499)
    change = delta(second, 1)
    assert change is not None
    assert (len(change["moves"]), change["moves_omitted"]) == (50, 449)
