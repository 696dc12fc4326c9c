"""How soon an activity can come again."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from models_mining.core.discovery.pm4py_bridge.algorithms.min_self_distance import batch_min_self_distance
from models_mining.core.discovery.registry import miner
from models_mining.core.drawing.compare import set_differences
from models_mining.core.drawing.drawing import Drawing, Row
from models_mining.core.drawing.incomplete import remarked, where_all_cases_are_in
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent, Variant, variants_of


@where_all_cases_are_in
def audit(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``drawing`` differs from pm4py's minimum self distances of ``rows`` and their witnesses."""
    labels = {node["id"]: node["label"] for node in drawing["nodes"]}
    distances, witnesses = batch_min_self_distance(rows)
    live = {(node["label"], str(node.get("distance"))) for node in drawing["nodes"]}
    between = {(labels[edge["s"]], labels[edge["t"]]) for edge in drawing["edges"]}
    return [
        *set_differences("distance", live, {(activity, str(distance)) for activity, distance in distances.items()}),
        *set_differences("between", between, witnesses),
    ]


@miner(
    name="min-self-distance",
    source="van Zelst: Process mining with streaming data, PhD thesis, TU Eindhoven 2019; pm4py",
    cost="slow",
    needs="variants",
    audit=audit,
)
def mine(log: LiveLog, cases: CaseSet = "all") -> Drawing:
    """How soon an activity can come again, and what then lies between: a sign of loops.

    A node's ``distance`` is the least number of events between two of its activity (none: it never came twice in a
    case); an edge leads to what was seen between two so near.
    """
    variants = variants_of(log, cases)
    distances, witnesses = _distances(variants.counts)
    numbers = log.numbers
    nodes: list[Row] = [
        {"id": numbers[label], "label": label} | ({"distance": distances[label]} if label in distances else {})
        for label in sorted({activity for variant in variants.counts for activity in variant}, key=numbers.__getitem__)
    ]
    edges: list[Row] = [{"s": numbers[a], "t": numbers[b]} for a, b in witnesses]
    edges.sort(key=lambda edge: (edge["s"], edge["t"]))
    return remarked(variants, Drawing(kind="graph", nodes=nodes, edges=edges))


def _distances(variants: Iterable[Variant]) -> tuple[dict[str, int], set[tuple[str, str]]]:
    """The least distance of each activity that comes twice, and what lies between two so near."""
    distances: dict[str, int] = {}
    between: dict[str, set[str]] = {}
    for variant in variants:
        last: dict[str, int] = {}
        for place, activity in enumerate(variant):
            if activity in last:
                distance = place - last[activity] - 1
                if distance < distances.get(activity, distance + 1):
                    distances[activity], between[activity] = distance, set()
                if distance == distances[activity]:
                    between[activity].update(variant[last[activity] + 1 : place])
            last[activity] = place
    return distances, {(activity, other) for activity, others in between.items() for other in others}
