"""The directly-follows graph: what follows what, how often and after how long."""

from collections.abc import Collection, Iterable, Mapping
from operator import itemgetter
from typing import Any

from models_mining.core.discovery import pm4py_bridge
from models_mining.core.discovery.registry import miner
from models_mining.core.drawing import compare
from models_mining.core.drawing.graph import Graph, GraphEdge, GraphNode
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent


def audit(
    graph: Graph, rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``graph`` differs from pm4py's directly-follows graph of ``rows``."""
    return compare.differences(graph, pm4py_bridge.batch_dfg(rows, closed))


@miner(
    name="dfg",
    source="van der Aalst: Process Mining, 2nd ed., Springer 2016, section 5.2; pm4py.discover_dfg",
    cost="live",
    needs="moments",
    audit=audit,
)
def dfg(log: LiveLog, cases: CaseSet = "all") -> Graph:
    """What directly follows what, how often and after how long.

    Exact but for the times marked ≈ (see :class:`GraphEdge`). Only edges that changed since the last time are
    computed anew.
    """
    counts = log.counts(cases)
    numbers = log.numbers
    starts, ends = counts.starts, counts.ends
    nodes = [
        GraphNode(
            id=numbers[label],
            label=label,
            n=n,
            starts=starts.get(label, 0),
            ends=ends.get(label, 0),
            open=log.open_at(label) if cases == "all" else 0,
        )
        for label, n in counts.activities.items()
    ]
    edges: list[GraphEdge] = []
    for (a, b), edge in counts.directly_follows.items():
        total_s, mean_s, median_s, p95_s, min_s, max_s = edge.durations()
        edges.append(
            {
                "s": numbers[a],
                "t": numbers[b],
                "n": edge.count,
                "total_s": total_s,
                "mean_s": mean_s,
                "median_s": median_s,
                "p95_s": p95_s,
                "min_s": min_s,
                "max_s": max_s,
            }
        )
    nodes.sort(key=itemgetter("id"))
    edges.sort(key=itemgetter("s", "t"))
    return Graph(kind="graph", nodes=nodes, edges=edges)
