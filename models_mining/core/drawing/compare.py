"""How a live model differs from the batch result, in sentences."""

import math
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from models_mining.core.counting.sketch import RELATIVE_ERROR

EXACT = 1e-9
"""Relative: what two ways of adding the same floating-point numbers may differ by."""


DURATIONS = {
    "total_s": ("total time", EXACT),
    "mean_s": ("mean", EXACT),
    "median_s": ("median", RELATIVE_ERROR + EXACT),
    "p95_s": ("95th percentile", RELATIVE_ERROR + EXACT),
    "min_s": ("shortest time", RELATIVE_ERROR + EXACT),
    "max_s": ("longest time", RELATIVE_ERROR + EXACT),
}
"""What an edge of a directly-follows graph tells of its durations: its name, and how far off it may be (relative)."""


@dataclass(frozen=True, slots=True)
class BatchDfg:
    """A directly-follows graph as a batch algorithm finds it; ``durations`` in seconds, by the names of an edge."""

    activities: Mapping[str, int] = field(default_factory=dict)
    starts: Mapping[str, int] = field(default_factory=dict)
    ends: Mapping[str, int] = field(default_factory=dict)
    open: Mapping[str, int] = field(default_factory=dict)
    edges: Mapping[tuple[str, str], int] = field(default_factory=dict)
    durations: Mapping[str, Mapping[tuple[str, str], float]] = field(default_factory=dict)


def differences(graph: Mapping[str, Any], batch: BatchDfg) -> list[str]:
    """What is not as in ``batch``: counts must be equal, times within :data:`DURATIONS`.

    Sentences for a person, sorted by what they speak of; equal graphs give none. A time the graph does not tell at
    all (pictures of earlier versions) is none.
    """
    labels = {node["id"]: node["label"] for node in graph["nodes"]}
    edges = {(labels.get(edge["s"], "?"), labels.get(edge["t"], "?")): edge for edge in graph["edges"]}
    found: list[str] = []
    found += count_differences("events of", {node["label"]: node["n"] for node in graph["nodes"]}, batch.activities)
    for what, name, counts in (
        ("cases starting with", "starts", batch.starts),
        ("cases ending with", "ends", batch.ends),
        ("open cases at", "open", batch.open),
    ):
        found += count_differences(what, {node["label"]: node[name] for node in graph["nodes"]}, counts)
    found += count_differences("times", {_arrow(pair): edge["n"] for pair, edge in edges.items()}, _arrows(batch.edges))
    for name, (what, tolerance) in DURATIONS.items():
        live = {pair: edge[name] for pair, edge in edges.items() if name in edge}
        found += duration_differences(what, live, batch.durations.get(name, {}), tolerance)
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


def duration_differences(
    what: str,
    live: Mapping[tuple[str, str], float],
    batch: Mapping[tuple[str, str], float],
    tolerance: float,
) -> Iterator[str]:
    """One sentence for each pair whose two durations (s) differ by more than ``tolerance`` (relative)."""
    for pair in sorted(live.keys() & batch.keys()):  # an edge only one has is a difference of counts already
        if not math.isclose(live[pair], batch[pair], rel_tol=0.0, abs_tol=tolerance * abs(batch[pair])):
            yield f"{what} of {_arrow(pair)}: {live[pair]!r} s live, {batch[pair]!r} s in batch"


def _arrow(pair: tuple[str, str]) -> str:
    return f"{pair[0]} → {pair[1]}"


def _arrows(counts: Mapping[tuple[str, str], int]) -> dict[str, int]:
    return {_arrow(pair): count for pair, count in counts.items()}
