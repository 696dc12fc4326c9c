"""What differs between two drawings of one model, as of two moments or under two settings."""

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from models_mining.core.drawing.drawing import Drawing, Row


class Changed(TypedDict):
    """A node or edge that both have, with the values that differ: ``{"n": [before, after]}``, None where absent."""

    row: Row
    values: dict[str, list[Any]]


class Differences(TypedDict):
    """Of nodes or of edges: those only the second drawing has, only the first, and both with other values."""

    added: list[Row]
    removed: list[Row]
    changed: list[Changed]


class Comparison(TypedDict):
    """How the second drawing differs from the first. Edges carry the labels of their ends, too."""

    nodes: Differences
    edges: Differences


def compare(before: Drawing, after: Drawing) -> Comparison:
    """What was added, what went and what has other values, from ``before`` to ``after``.

    A node is the same if its id is, an edge if its ends are; so both have to number activities alike, as live logs of
    one log do.
    """
    return {
        "nodes": _differences(before["nodes"], after["nodes"], ("id",)),
        "edges": _differences(_labelled(before), _labelled(after), ("s", "t")),
    }


def _labelled(drawing: Drawing) -> list[Row]:
    labels = {node["id"]: node["label"] for node in drawing["nodes"]}
    return [
        {**edge, "source": labels.get(edge["s"], ""), "target": labels.get(edge["t"], "")} for edge in drawing["edges"]
    ]


def _differences(before: Iterable[Row], after: Iterable[Row], key: tuple[str, ...]) -> Differences:
    old = {tuple(row[name] for name in key): row for row in before}
    found: Differences = {"added": [], "removed": [], "changed": []}
    for row in after:
        known = old.pop(tuple(row[name] for name in key), None)
        if known is None:
            found["added"].append(row)
        elif values := _changed(known, row):
            found["changed"].append({"row": row, "values": values})
    found["removed"] = list(old.values())
    return found


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {
        name: [before.get(name), after.get(name)]
        for name in (*before, *(name for name in after if name not in before))
        if before.get(name) != after.get(name)
    }
