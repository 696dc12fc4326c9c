"""A picture with only its most frequent parts, for those who cannot take a whole. Pure."""

from math import ceil
from typing import Any

from models_mining.mined_models.pictures import Picture


def thinned(picture: Picture, activities: float, paths: float) -> Picture:
    """The ``activities`` (a share from 0 to 1 of their number) with the most events, and of the paths between them.

    At least one activity stays. Whatever share of paths is asked for, each activity keeps the most frequent way to it
    and from it, so that nothing falls apart that hangs together.
    """
    nodes = sorted(picture["nodes"], key=lambda node: (-node["n"], node["id"]))
    nodes = nodes[: max(1, _part(activities, len(nodes)))]
    ids = {node["id"] for node in nodes}
    ways = [edge for edge in picture["edges"] if edge["s"] in ids and edge["t"] in ids]
    ways.sort(key=lambda edge: (-edge["n"], edge["s"], edge["t"]))
    kept = {_ends(edge) for edge in ways[: _part(paths, len(ways))]}
    for end in ("s", "t"):
        first: dict[Any, tuple[Any, Any]] = {}
        for edge in ways:
            if edge["s"] != edge["t"]:
                first.setdefault(edge[end], _ends(edge))
        kept.update(first.values())
    return {
        **picture,
        "nodes": [node for node in picture["nodes"] if node["id"] in ids],
        "edges": [edge for edge in picture["edges"] if _ends(edge) in kept],
    }


def _part(share: float, number: int) -> int:
    return ceil(round(share * number, 9))


def _ends(edge: Any) -> tuple[Any, Any]:
    return edge["s"], edge["t"]


def can_be_thinned(picture: Picture) -> bool:
    """Whether it is a graph whose activities and paths are counted."""
    rows = [*picture["nodes"], *picture["edges"]]
    return picture["kind"] == "graph" and all(type(row.get("n")) is int for row in rows)
