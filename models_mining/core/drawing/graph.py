"""The directly-follows graph as a value: what pictures hold and clients are sent."""

from typing import Literal, TypedDict


class GraphNode(TypedDict):
    """An activity. ``id`` is its number in the log, ``n`` counts events; ``starts``, ``ends`` and ``open`` count
    cases whose first or last event is here, ``open`` those of ``ends`` that are still running."""

    id: int
    label: str
    n: int
    starts: int
    ends: int
    open: int


class GraphEdge(TypedDict):
    """``n`` times activity ``t`` directly followed ``s``. Total and mean of the times between are exact; median, 95th
    percentile, shortest and longest are within :data:`models_mining.core.counting.sketch.RELATIVE_ERROR` (≈)."""

    s: int
    t: int
    n: int
    total_s: float
    mean_s: float
    median_s: float
    p95_s: float
    min_s: float
    max_s: float


class Graph(TypedDict):
    """Nodes in the order of ``id``, edges in that of (``s``, ``t``): equal graphs are equal values."""

    kind: Literal["graph"]
    nodes: list[GraphNode]
    edges: list[GraphEdge]
