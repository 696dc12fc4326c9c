"""Two drawings compared: what came, what went, what has other values."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.drawing.changes import compare
from models_mining.core.drawing.drawing import Drawing

ids = st.integers(0, 4)
values = st.fixed_dictionaries({"n": st.integers(1, 3)}, optional={"mean_s": st.just(1.5)})


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    nodes = draw(st.dictionaries(ids, values))
    edges = draw(st.dictionaries(st.tuples(ids, ids), values))
    return {
        "kind": "graph",
        "nodes": [{"id": number, "label": f"activity {number}", **row} for number, row in nodes.items()],
        "edges": [{"s": s, "t": t, **row} for (s, t), row in edges.items()],
    }


def redone(before: list[dict[str, Any]], found: Any, *key: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    """What ``before`` becomes if all that was found is done to it."""
    rows = {tuple(row[name] for name in key): dict(row) for row in before}
    for row in found["removed"]:
        del rows[tuple(row[name] for name in key)]
    for change in found["changed"]:
        row = rows[tuple(change["row"][name] for name in key)]
        for name, (old, new) in change["values"].items():
            assert row.get(name) == old != new
            row[name] = new
    for row in found["added"]:
        rows[tuple(row[name] for name in key)] = row
    return {
        key: {name: value for name, value in row.items() if name not in ("source", "target") and value is not None}
        for key, row in rows.items()
    }


@settings(max_examples=50, deadline=None)
@given(before=drawings(), after=drawings())
def test_what_is_found_leads_from_one_drawing_to_the_other(before: Drawing, after: Drawing) -> None:
    found = compare(before, after)
    assert redone(before["nodes"], found["nodes"], "id") == {(row["id"],): row for row in after["nodes"]}
    edges = {(row["s"], row["t"]): row for row in after["edges"]}
    unlabelled = [{**row, "source": None, "target": None} for row in before["edges"]]
    assert redone(unlabelled, _labels_apart(found["edges"]), "s", "t") == edges


def _labels_apart(found: Any) -> Any:
    """Without the differences that only the label of an end makes."""
    for change in found["changed"]:
        for name in ("source", "target"):
            change["values"].pop(name, None)
    return found


def test_an_edge_is_told_with_the_labels_of_its_ends() -> None:
    nodes = [{"id": 0, "label": "Take"}, {"id": 1, "label": "Pack"}]
    one: Drawing = {"kind": "graph", "nodes": nodes, "edges": []}
    two: Drawing = {"kind": "graph", "nodes": nodes, "edges": [{"s": 0, "t": 1, "n": 2}]}
    added = {"s": 0, "t": 1, "n": 2, "source": "Take", "target": "Pack"}
    assert compare(one, two)["edges"] == {"added": [added], "removed": [], "changed": []}
    assert compare(two, one)["edges"] == {"added": [], "removed": [added], "changed": []}
    assert compare(two, two) == {part: {"added": [], "removed": [], "changed": []} for part in ("nodes", "edges")}
