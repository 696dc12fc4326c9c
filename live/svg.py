"""A picture drawn on the server: the map before the first message of the socket, and the map without scripts.

The simulator draws its chains in the same layers. Pure: pictures in, coordinates out; `templates/live/picture.svg`
writes them.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Any

from live.templatetags.figures import short
from models_mining.pictures import Picture
from simulator.layered import Box, Line, lay_out

Key = int | str
START, END = "start", "end"
WIDTH, HEIGHT, ROUND, LABEL = 208, 36, 26, 16


@dataclass
class Node:
    """A box to draw, its centre at ``x``, ``y``."""

    key: Key
    kind: str
    label: str
    n: int = 0
    open: int = 0
    heat: float = 0.0
    w: float = WIDTH
    h: float = HEIGHT
    x: float = 0.0
    y: float = 0.0


@dataclass
class Edge:
    """A path to draw: ``d`` and ``arrow`` are SVG path data, the label's centre is at ``x``, ``y``."""

    s: Key
    t: Key
    n: int
    kind: str
    text: str = ""
    plate: float = 0.0  # width behind the text
    width: str = ""
    opacity: str = ""
    d: str = ""
    arrow: str = ""
    x: float = 0.0
    y: float = 0.0


@dataclass
class Drawing:
    """All that is drawn, and how large it is."""

    nodes: list[Node]
    edges: list[Edge]
    left: float = 0.0
    top: float = 0.0
    width: float = 0.0
    height: float = 0.0


def draw(picture: Picture) -> Drawing:
    """Where everything of ``picture`` goes."""
    nodes, edges = _drawn(picture)
    boxes = {node.key: Box(str(node.key), node.w, node.h) for node in nodes}
    lines = {id(edge): Line(str(edge.s), str(edge.t), edge.plate, LABEL) for edge in edges}
    often = sorted(edges, key=lambda edge: -edge.n)  # the frequent way runs down, rare ones back up
    left, top, width, height = lay_out(list(boxes.values()), [lines[id(edge)] for edge in often])
    for node in nodes:
        node.x, node.y = boxes[node.key].x, boxes[node.key].y
    for edge in edges:
        line = lines[id(edge)]
        edge.d, edge.x, edge.y = line.d, line.x, line.y
        x, y = line.tip
        edge.arrow = f"M{x:.0f} {y:.0f}" + (f"l-4.5 {-8 * line.down}h9Z" if line.down else "l8 -4.5v9Z")
    return Drawing(nodes, edges, left, top, width, height)


def _drawn(picture: Picture) -> tuple[list[Node], list[Edge]]:
    """Activities and paths, with a start and an end; a drawn end is a closed case."""
    rows = picture["nodes"]
    most = max((row["n"] for row in rows), default=1)
    nodes = [
        Node(row["id"], "activity", row["label"], row["n"], row["open"], 0.03 + 0.27 * sqrt(row["n"] / max(most, 1)))
        for row in rows
    ]
    edges = [Edge(row["s"], row["t"], row["n"], "loop" if row["s"] == row["t"] else "path") for row in picture["edges"]]
    edges += [Edge(START, row["id"], row["starts"], "start") for row in rows if row["starts"]]
    edges += [Edge(row["id"], END, row["ends"] - row["open"], "end") for row in rows if row["ends"] > row["open"]]
    if any(edge.kind == "start" for edge in edges):
        nodes.insert(0, Node(START, START, "Start", w=ROUND, h=ROUND))
    if any(edge.kind == "end" for edge in edges):
        nodes.append(Node(END, END, "End", w=ROUND, h=ROUND))
    greatest = max((edge.n for edge in edges), default=1)
    for edge in edges:
        edge.text = short(edge.n)
        edge.plate = 8 + 6.5 * len(edge.text)
        strength = sqrt(edge.n / max(greatest, 1)) if edge.kind in ("path", "loop") else 0.1
        edge.width, edge.opacity = f"{1.25 + 3.75 * strength:.2f}", f"{0.6 + 0.4 * strength:.2f}"
    return nodes, edges


def tables(picture: Picture) -> dict[str, list[dict[str, Any]]]:
    """The picture's numbers as tables: ``activities`` and ``paths``, the most frequent first."""
    label = {row["id"]: row["label"] for row in picture["nodes"]}
    activities = [{**row, "closed": row["ends"] - row["open"]} for row in picture["nodes"]]
    paths = [{**row, "source": label[row["s"]], "target": label[row["t"]]} for row in picture["edges"]]
    return {
        "activities": sorted(activities, key=lambda row: -row["n"]),
        "paths": sorted(paths, key=lambda row: -row["n"]),
    }
