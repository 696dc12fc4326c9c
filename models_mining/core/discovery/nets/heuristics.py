"""The heuristics miner: a graph of dependencies that leaves rare behaviour out."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from models_mining.core.discovery.counting import follows, in_order
from models_mining.core.discovery.pm4py_bridge.algorithms.heuristics import (
    Dependencies,
    batch_dependencies,
    dependencies,
)
from models_mining.core.discovery.registry import Parameter, miner
from models_mining.core.drawing.canonical import listed
from models_mining.core.drawing.compare import EXACT, count_differences, set_differences
from models_mining.core.drawing.drawing import Drawing, Row
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent

SOURCE = "Weijters, van der Aalst, Alves de Medeiros: Process mining with the HeuristicsMiner, BETA WP 166, 2006; pm4py"

PARAMETERS = (
    Parameter(
        "dependency_threshold", 0.5, "how sure it must be that one activity depends on another", minimum=0, maximum=1
    ),
    Parameter(
        "and_threshold", 0.65, "from which measure on two activities after (before) one run in parallel", minimum=0
    ),
    Parameter(
        "loop_two_threshold", 0.5, "how sure a loop of length two (a, b, a) must be to be drawn", minimum=0, maximum=1
    ),
    Parameter("min_activity_count", 1, "activities with fewer events are left out", minimum=1),
    Parameter("min_dfg_occurrences", 1, "pairs that follow each other less often are left out", minimum=1),
    Parameter(
        "noise_threshold",
        0.05,
        "pairs rarer than this share of the most frequent one beside them are left out first",
        minimum=0,
        maximum=1,
    ),
)


def audit(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``drawing`` differs from pm4py's heuristics net of ``rows``."""
    return list(_differences(drawing, batch_dependencies(rows, **parameters)))


def _differences(drawing: Mapping[str, Any], batch: Dependencies) -> Iterator[str]:
    labels = {node["id"]: node["label"] for node in drawing["nodes"]}
    edges = {(labels[edge["s"]], labels[edge["t"]]): edge for edge in drawing["edges"]}
    yield from count_differences("events of", {node["label"]: node["n"] for node in drawing["nodes"]}, batch.nodes)
    yield from set_differences("dependency", edges.keys(), batch.edges.keys())
    for pair in sorted(edges.keys() & batch.edges.keys()):
        live_n, live = edges[pair]["n"], edges[pair]["dependency"]
        n, dependency = batch.edges[pair]
        if live_n != n or not math.isclose(live, dependency, rel_tol=EXACT, abs_tol=EXACT):
            yield f"dependency {pair[0]} → {pair[1]}: {live} of {live_n} live, {dependency} of {n} in batch"


@miner(name="heuristics", source=SOURCE, cost="live", needs="counts", pm4py=True, parameters=PARAMETERS, audit=audit)
def mine(log: LiveLog, cases: CaseSet = "all", **parameters: Any) -> Drawing:
    """What depends on what, without rare behaviour: for logs with noise.

    An edge's ``dependency`` lies between -1 and 1: how much more often ``t`` follows ``s`` than the other way round.
    """
    counts, numbers = log.counts(cases), log.numbers
    ends = counts.ends
    found = dependencies(
        follows(counts),
        activities=in_order(counts.activities),
        starts=in_order(counts.starts),
        ends=in_order(ends),
        triples={three: counts.triples[three].count for three in sorted(counts.triples)},
        **parameters,
    )
    nodes: list[Row] = [
        {
            "id": numbers[label],
            "label": label,
            "n": n,
            "starts": counts.starts.get(label, 0),
            "ends": ends.get(label, 0),
        }
        for label, n in found.nodes.items()
    ]
    edges: list[Row] = [
        {"s": numbers[a], "t": numbers[b], "n": n, "dependency": dependency}
        for (a, b), (n, dependency) in found.edges.items()
    ]
    nodes.sort(key=lambda node: node["id"])
    edges.sort(key=lambda edge: (edge["s"], edge["t"]))
    drawing = Drawing(kind="graph", nodes=nodes, edges=edges)
    if left_out := counts.activities.keys() - found.nodes.keys():
        drawing["remarks"] = [f"Left out, as no dependency of theirs is sure enough: {listed(left_out)}."]
    return drawing
