"""Drawings of declarative models: what is said of an activity on its node, what of two on the edge between them."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from models_mining.core.drawing.drawing import Drawing, Row
from models_mining.core.drawing.incomplete import remarked
from models_mining.core.live_log import Variants, events_by_activity

Said = dict[tuple[str, ...], list[Any]]
"""What is said of one activity ``(a,)`` or of two, ``(a, b)``."""


def draw_constraints(variants: Variants, numbers: Mapping[str, int], member: str, said: Said) -> Drawing:
    """A graph over the activities; ``member`` of a node or an edge lists what is ``said`` of it.

    There is a node for every activity (``n`` events), an edge only where something is said.
    """
    nodes: list[Row] = [
        {"id": numbers[activity], "label": activity, "n": n, member: said.get((activity,), [])}
        for activity, n in events_by_activity(variants.counts).items()
    ]
    edges: list[Row] = [
        {"s": numbers[about[0]], "t": numbers[about[1]], member: what} for about, what in said.items() if len(about) > 1
    ]
    nodes.sort(key=lambda node: node["id"])
    edges.sort(key=lambda edge: (edge["s"], edge["t"]))
    return remarked(variants, Drawing(kind="graph", nodes=nodes, edges=edges))


def drawn_constraints(drawing: Mapping[str, Any], member: str) -> Said:
    """What a drawing, or a stored picture, says; the way back from :func:`draw_constraints`."""
    labels = {node["id"]: node["label"] for node in drawing["nodes"]}
    said: Said = {(node["label"],): node[member] for node in drawing["nodes"] if node[member]}
    return said | {(labels[edge["s"]], labels[edge["t"]]): edge[member] for edge in drawing["edges"]}


def constraint_differences(live: Said, batch: Said, key: Callable[[Any], Hashable] = lambda what: what) -> list[str]:
    """What is said on one side only, in sentences; ``key`` makes what is said hashable and comparable."""
    return [
        f"{' → '.join(about)}: {_listed(what)} {where}"
        for about in sorted(live.keys() | batch.keys())
        for where, what in _one_sided(live.get(about, []), batch.get(about, []), key)
    ]


def _one_sided(
    live: Sequence[Any], batch: Sequence[Any], key: Callable[[Any], Hashable]
) -> Iterator[tuple[str, list[Any]]]:
    here, there = {key(what): what for what in live}, {key(what): what for what in batch}
    for where, these, others in (("live, not in batch", here, there), ("in batch, not live", there, here)):
        only = [what for name, what in these.items() if name not in others]
        if only:
            yield where, only


def _listed(what: Iterable[Any]) -> str:
    return ", ".join(str(one) for one in what)
