"""Footprints: for every two activities, whether one causes the other, both happen in any order, or neither."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from models_mining.core.discovery.pm4py_bridge.algorithms.footprints import batch_footprints
from models_mining.core.discovery.registry import miner
from models_mining.core.drawing.compare import set_differences
from models_mining.core.drawing.drawing import Drawing, Row
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent


def audit(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``drawing`` differs from pm4py's footprints of ``rows``."""
    labels = {node["id"]: node["label"] for node in drawing["nodes"]}
    sequence, parallel = set(), set()
    for edge in drawing["edges"]:
        s, t = labels[edge["s"]], labels[edge["t"]]
        if edge["relation"] == "→":
            sequence.add((s, t))
        else:
            parallel |= {(s, t), (t, s)}
    live = {
        "activities": set(labels.values()),
        "start_activities": {node["label"] for node in drawing["nodes"] if node["start"]},
        "end_activities": {node["label"] for node in drawing["nodes"] if node["end"]},
        "sequence": sequence,
        "parallel": parallel,
    }
    batch = batch_footprints(rows)
    return [said for what in live for said in set_differences(what, live[what], batch.get(what, set()))]


@miner(
    name="footprints",
    source="van der Aalst, Weijters, Maruster: Workflow Mining, IEEE TKDE 16(9), 2004; pm4py.discover_footprints",
    cost="live",
    needs="edges",
    audit=audit,
)
def mine(log: LiveLog, cases: CaseSet = "all") -> Drawing:
    """Whether one activity causes another, both happen in any order, or neither.

    An edge with the ``relation`` → says that ``t`` directly follows ``s`` and never the other way round, one with ∥
    (once for two activities, the smaller number first) that both ways occur. Without an edge neither was seen.
    """
    counts, numbers = log.counts(cases), log.numbers
    ends = counts.ends
    nodes: list[Row] = [
        {"id": numbers[label], "label": label, "start": label in counts.starts, "end": label in ends}
        for label in counts.activities
    ]
    pairs = counts.directly_follows
    edges: list[Row] = [
        {"s": numbers[a], "t": numbers[b], "relation": "∥" if (b, a) in pairs else "→"}
        for a, b in pairs
        if (b, a) not in pairs or numbers[a] <= numbers[b]
    ]
    nodes.sort(key=lambda node: node["id"])
    edges.sort(key=lambda edge: (edge["s"], edge["t"]))
    return Drawing(kind="graph", nodes=nodes, edges=edges)
