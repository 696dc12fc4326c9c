"""How a live model differs from the batch result, in sentences."""

import math
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from models_mining.core.graph import Graph
from models_mining.core.sketch import RELATIVE_ERROR

EXACT = 1e-9
"""Relative: what two ways of adding the same floating-point numbers may differ by."""


@dataclass(frozen=True, slots=True)
class BatchDfg:
    """A directly-follows graph with performance, as a batch algorithm finds it; durations in seconds."""

    activities: Mapping[str, int] = field(default_factory=dict)
    starts: Mapping[str, int] = field(default_factory=dict)
    ends: Mapping[str, int] = field(default_factory=dict)
    open: Mapping[str, int] = field(default_factory=dict)
    edges: Mapping[tuple[str, str], int] = field(default_factory=dict)
    mean_s: Mapping[tuple[str, str], float] = field(default_factory=dict)
    median_s: Mapping[tuple[str, str], float] = field(default_factory=dict)
    p95_s: Mapping[tuple[str, str], float] = field(default_factory=dict)


def differences(graph: Graph, batch: BatchDfg) -> list[str]:
    """What is not as in ``batch``: counts must be equal, means within 1e-9, median and p95 within the sketch's error.

    Sentences for a person, sorted by what they speak of; equal graphs give none.
    """
    labels = {node["id"]: node["label"] for node in graph["nodes"]}
    edges = {(labels.get(edge["s"], "?"), labels.get(edge["t"], "?")): edge for edge in graph["edges"]}
    found: list[str] = []
    found += count_differences("events of", {node["label"]: node["n"] for node in graph["nodes"]}, batch.activities)
    found += count_differences(
        "cases starting with", {node["label"]: node["starts"] for node in graph["nodes"]}, batch.starts
    )
    found += count_differences(
        "cases ending with", {node["label"]: node["ends"] for node in graph["nodes"]}, batch.ends
    )
    found += count_differences("open cases at", {node["label"]: node["open"] for node in graph["nodes"]}, batch.open)
    found += count_differences("times", {_arrow(pair): edge["n"] for pair, edge in edges.items()}, _arrows(batch.edges))
    found += _durations("mean", {pair: edge["mean_s"] for pair, edge in edges.items()}, batch.mean_s, EXACT)
    found += _durations(
        "median", {pair: edge["median_s"] for pair, edge in edges.items()}, batch.median_s, RELATIVE_ERROR + EXACT
    )
    found += _durations(
        "95th percentile", {pair: edge["p95_s"] for pair, edge in edges.items()}, batch.p95_s, RELATIVE_ERROR + EXACT
    )
    return found


def count_differences(what: str, live: Mapping[str, int], batch: Mapping[str, int]) -> Iterator[str]:
    """One sentence for each name that is not counted alike; what is not there counts zero."""
    for name in sorted(live.keys() | batch.keys()):
        if live.get(name, 0) != batch.get(name, 0):
            yield f"{what} {name}: {live.get(name, 0)} live, {batch.get(name, 0)} in batch"


def set_differences(what: str, live: Set[Any], batch: Set[Any]) -> Iterator[str]:
    """One sentence for each member that only one side has."""
    for member in sorted(live ^ batch):
        name = _arrow(member) if isinstance(member, tuple) else str(member)
        yield f"{what} {name}: only {'live' if member in live else 'in batch'}"


def _durations(
    what: str,
    live: Mapping[tuple[str, str], float],
    batch: Mapping[tuple[str, str], float],
    tolerance: float,
) -> Iterator[str]:
    for pair in sorted(live.keys() & batch.keys()):  # an edge only one has is a difference of counts already
        if not math.isclose(live[pair], batch[pair], rel_tol=0.0, abs_tol=tolerance * abs(batch[pair])):
            yield f"{what} of {_arrow(pair)}: {live[pair]!r} s live, {batch[pair]!r} s in batch"


def _arrow(pair: tuple[str, str]) -> str:
    return f"{pair[0]} → {pair[1]}"


def _arrows(counts: Mapping[tuple[str, str], int]) -> dict[str, int]:
    return {_arrow(pair): count for pair, count in counts.items()}
