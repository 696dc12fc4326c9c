"""The directly-follows graph between two changes of a process, to be compared with the one after."""

from collections.abc import Mapping

from models_mining.core.counting.abstraction import Pair, change
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.prediction.next_step import END

START = ""
"""Stands for where a case is before its first event."""


def graph_of(steps: Mapping[Pair, int], numbers: Mapping[str, int]) -> Drawing:
    """Steps by how often they were taken, as a graph; ``numbers`` are those of the log's activities.

    ``share`` of an edge is its probability given where it begins, cases that end there counted too.
    """
    out: dict[str, int] = {}
    n: dict[str, int] = {}
    for (source, target), times in steps.items():
        change(out, source, times)
        change(n, target, times)
    labels = sorted({name for pair in steps for name in pair} - {START, END}, key=lambda name: numbers.get(name, 0))
    nodes = [
        {
            "id": numbers.get(label, 0),
            "label": label,
            "n": n.get(label, 0),
            "starts": steps.get((START, label), 0),
            "ends": steps.get((label, END), 0),
        }
        for label in labels
    ]
    edges = [
        {"s": numbers.get(source, 0), "t": numbers.get(target, 0), "n": times, "share": round(times / out[source], 6)}
        for (source, target), times in steps.items()
        if source != START and target != END
    ]
    edges.sort(key=lambda edge: (edge["s"], edge["t"]))
    return {"kind": "graph", "nodes": nodes, "edges": edges}
