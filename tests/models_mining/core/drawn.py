"""What every drawing must be, and how it comes back from the table."""

import json
from typing import Any

from models_mining.core.drawing.nets import Net


def in_a_picture(drawing: dict[str, Any]) -> dict[str, Any]:
    """The drawing as it comes back from the table: JSON, with numbers for ids."""
    check(drawing)
    numbers = {node["id"]: number for number, node in enumerate(drawing["nodes"], start=7)}
    picture = drawing | {
        "nodes": [node | {"id": numbers[node["id"]]} for node in drawing["nodes"]],
        "edges": [edge | {"s": numbers[edge["s"]], "t": numbers[edge["t"]]} for edge in drawing["edges"]],
    }
    stored: dict[str, Any] = json.loads(json.dumps(picture))
    return stored


def check(drawing: dict[str, Any]) -> None:
    """It is JSON, ids and ends of edges are unique and known, and every place of its net is drawn where it can be."""
    assert json.loads(json.dumps(drawing, allow_nan=False)) == drawing
    ids = {node["id"] for node in drawing["nodes"]}
    edges = {(edge["s"], edge["t"]) for edge in drawing["edges"]}
    assert len(ids) == len(drawing["nodes"])
    assert len(edges) == len(drawing["edges"])
    assert {end for edge in edges for end in edge} <= ids
    assert all("label" in node for node in drawing["nodes"])
    if "net" in drawing and "at" in drawing:
        assert len(drawing["at"]) == len(Net.from_data(drawing["net"]).places)
        for where in drawing["at"]:
            assert not where or (where[0] in ids if len(where) == 1 else tuple(where) in edges)
