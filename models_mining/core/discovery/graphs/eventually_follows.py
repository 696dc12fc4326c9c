"""What comes at any time after what: the eventually-follows graph, and the temporal profile with its times."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from models_mining.core.counting.pairs import Pair
from models_mining.core.discovery.pm4py_bridge.algorithms.eventually_follows import (
    batch_eventually_follows,
    batch_temporal_profile,
)
from models_mining.core.discovery.registry import miner
from models_mining.core.drawing.compare import EXACT, count_differences, set_differences
from models_mining.core.drawing.drawing import Drawing, Row
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent


def _edges(drawing: Mapping[str, Any]) -> dict[Pair, Mapping[str, Any]]:
    labels = {node["id"]: node["label"] for node in drawing["nodes"]}
    return {(labels[edge["s"]], labels[edge["t"]]): edge for edge in drawing["edges"]}


def audit_graph(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``drawing`` differs from pm4py's eventually-follows graph of ``rows``."""
    live = {" … ".join(pair): edge["n"] for pair, edge in _edges(drawing).items()}
    batch = {" … ".join(pair): n for pair, n in batch_eventually_follows(rows).items()}
    return list(count_differences("times", live, batch))


def audit_profile(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``drawing`` differs from pm4py's temporal profile of ``rows``."""
    return list(_profile_differences(_edges(drawing), batch_temporal_profile(rows)))


def _profile_differences(
    live: Mapping[Pair, Mapping[str, Any]], batch: Mapping[Pair, tuple[float, float]]
) -> Iterator[str]:
    yield from set_differences("times of", live.keys(), batch.keys())
    for pair in sorted(live.keys() & batch.keys()):
        mean_s, deviation_s = batch[pair]
        edge = live[pair]
        scale = abs(mean_s) + deviation_s  # pm4py adds floating-point numbers: a deviation near zero is mostly rounding
        if not (
            math.isclose(edge["mean_s"], mean_s, rel_tol=EXACT, abs_tol=EXACT)
            and math.isclose(edge["deviation_s"], deviation_s, rel_tol=EXACT, abs_tol=1e-6 * scale + EXACT)
        ):
            yield (
                f"times of {pair[0]} … {pair[1]}: {edge['mean_s']} ± {edge['deviation_s']} s live, "
                f"{mean_s} ± {deviation_s} s in batch"
            )


@miner(
    name="eventually-follows",
    source="van der Aalst: Process Mining, 2nd ed., Springer 2016; pm4py.discover_eventually_follows_graph",
    cost="slow",
    needs="pairs",
    audit=audit_graph,
)
def eventually_follows(log: LiveLog, cases: CaseSet = "all") -> Drawing:
    """What comes at any time after what in the same case: every two events of a case count once."""
    pairs = log.counts(cases).pairs
    return _drawn(log, cases, {pair: {"n": moments.count} for pair, moments in pairs.items()})


@miner(
    name="temporal-profile",
    source="Stertz, Mangler, Rinderle-Ma: Temporal conformance checking at runtime, 2020; "
    "pm4py.discover_temporal_profile",
    cost="slow",
    needs="pairs",
    audit=audit_profile,
)
def temporal_profile(log: LiveLog, cases: CaseSet = "all") -> Drawing:
    """How long after one activity another comes, on average and how much that varies (sample standard deviation)."""
    measures: dict[Pair, Row] = {}
    for pair, moments in log.counts(cases).pairs.items():
        mean_s, deviation_s = moments.seconds()
        measures[pair] = {"n": moments.count, "mean_s": mean_s, "deviation_s": deviation_s}
    return _drawn(log, cases, measures)


def _drawn(log: LiveLog, cases: CaseSet, measures: Mapping[Pair, Row]) -> Drawing:
    numbers = log.numbers
    nodes: list[Row] = [
        {"id": numbers[label], "label": label, "n": n} for label, n in log.counts(cases).activities.items()
    ]
    edges: list[Row] = [{"s": numbers[a], "t": numbers[b], **measure} for (a, b), measure in measures.items()]
    nodes.sort(key=lambda node: node["id"])
    edges.sort(key=lambda edge: (edge["s"], edge["t"]))
    return Drawing(kind="graph", nodes=nodes, edges=edges)
