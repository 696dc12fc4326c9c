"""A picture drawn on the server: the map before the first message of the socket, and the map without scripts.

A layered drawing after Sugiyama, Tagawa and Toda (IEEE TSMC 11(2), 1981): turn the edges that close cycles, put nodes
into layers by their longest way from the start, order the layers by the mean place of neighbours, draw long edges
through places kept free for them. Pure: pictures in, coordinates out; `templates/live/picture.svg` writes them.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

from live.templatetags.figures import short
from models_mining.pictures import Picture

Key = int | str
START, END = "start", "end"
WIDTH, HEIGHT, ROUND, LANE = 208, 36, 26, 30
BESIDE = 14  # from the middle of a box to an edge that goes back up
LAYER = 84  # from one layer to the next
SWEEPS = 8


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
    width: float = 0.0
    height: float = 0.0


@dataclass
class _Place:
    """A node in its layer, or the room a long edge needs there."""

    w: float
    layer: int
    x: float = 0.0
    up: list["_Place"] = field(default_factory=list)
    down: list["_Place"] = field(default_factory=list)


def draw(picture: Picture) -> Drawing:
    """Where everything of ``picture`` goes."""
    nodes, edges = _drawn(picture)
    layers = _layers(nodes, edges)
    places = {node.key: _Place(node.w, layers[node.key]) for node in nodes}
    ways = {id(edge): _way(edge, places) for edge in edges if edge.s != edge.t}
    everything = [*places.values(), *(place for way in ways.values() for place in way[1:-1])]
    _arrange(everything)
    for node in nodes:
        node.x, node.y = places[node.key].x, 40 + places[node.key].layer * LAYER
    boxes = {node.key: node for node in nodes}
    for edge in edges:
        _trace(edge, boxes, ways.get(id(edge), []))
    left = min((node.x - node.w / 2 for node in nodes), default=0) - 30
    right = max((place.x + place.w / 2 for place in everything), default=0) + 80
    return Drawing(nodes, edges, left, right - left, max((node.y for node in nodes), default=0) + 40)


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


def _layers(nodes: Iterable[Node], edges: Iterable[Edge]) -> dict[Key, int]:
    """The layer of each node: one below the lowest of its predecessors, over edges that close no cycle."""
    after: dict[Key, list[Key]] = defaultdict(list)
    for edge in sorted(edges, key=lambda edge: -edge.n):
        if edge.s != edge.t:
            after[edge.s].append(edge.t)
    finished: list[Key] = []
    state: dict[Key, int] = {}  # 1: on the way, 2: done
    forward: set[tuple[Key, Key]] = set()
    for root in (node.key for node in nodes):
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(after[root]))]
        while stack:
            key, rest = stack[-1]
            for target in rest:
                if state.get(target) != 1:
                    forward.add((key, target))
                if target not in state:
                    state[target] = 1
                    stack.append((target, iter(after[target])))
                    break
            else:
                state[key] = 2
                finished.append(key)
                stack.pop()
    layer = dict.fromkeys(finished, 0)
    for key in reversed(finished):
        for target in after[key]:
            if (key, target) in forward:
                layer[target] = max(layer[target], layer[key] + 1)
    return layer


def _way(edge: Edge, places: Mapping[Key, _Place]) -> list[_Place]:
    """The places an edge passes from its source to its target, and their neighbourhood."""
    first, last = places[edge.s], places[edge.t]
    step = 1 if last.layer > first.layer else -1
    way = [first, *(_Place(LANE, layer) for layer in range(first.layer + step, last.layer, step)), last]
    for one, next_ in itertools.pairwise(way):
        upper, lower = (one, next_) if step > 0 else (next_, one)
        upper.down.append(lower)
        lower.up.append(upper)
    return way


def _arrange(places: Iterable[_Place]) -> None:
    """Order each layer by the mean place of the neighbours, then draw it near them without overlap."""
    by_layer: dict[int, list[_Place]] = defaultdict(list)
    for place in places:
        by_layer[place.layer].append(place)
    rows = [by_layer[layer] for layer in sorted(by_layer)]
    for row in rows:
        _spread(row, [0.0] * len(row))
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        for row in rows if downwards else reversed(rows):
            wanted = {id(place): _mean(place.up if downwards else place.down, place.x) for place in row}
            row.sort(key=lambda place: wanted[id(place)])
            _spread(row, [wanted[id(place)] for place in row])


def _mean(neighbours: list[_Place], default: float) -> float:
    return sum(place.x for place in neighbours) / len(neighbours) if neighbours else default


def _spread(row: list[_Place], wanted: list[float], gap: float = 32) -> None:
    """Near the wanted places, from left to right without overlap, the row's middle where it was wanted."""
    right = float("-inf")
    for place, x in zip(row, wanted, strict=True):
        place.x = max(x, right + gap + place.w / 2)
        right = place.x + place.w / 2
    shift = sum(place.x - x for place, x in zip(row, wanted, strict=True)) / max(len(row), 1)
    for place in row:
        place.x -= shift


def _trace(edge: Edge, boxes: Mapping[Key, Node], way: list[_Place]) -> None:
    source, target = boxes[edge.s], boxes[edge.t]
    if edge.s == edge.t:
        right, y = source.x + source.w / 2, source.y
        edge.d = f"M{right:.0f} {y - 7:.0f}c26 -14 26 28 8 14"
        edge.arrow = f"M{right + 1:.0f} {y + 7:.0f}l8 -4.5v9Z"
        edge.x, edge.y = right + 44, y
        return
    down = 1 if target.y > source.y else -1
    beside = 0 if down > 0 else BESIDE  # there and back do not lie on each other
    points = [(source.x + beside, source.y + down * source.h / 2)]
    for place in way[1:-1]:
        y = 40 + place.layer * LAYER
        points += [(place.x, y - down * HEIGHT / 2), (place.x, y + down * HEIGHT / 2)]
    tip = target.y - down * target.h / 2
    points.append((target.x + beside, tip - down * 8))
    edge.d = f"M{points[0][0]:.0f} {points[0][1]:.0f}"
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        bend = (y1 - y0) / 2
        edge.d += f"C{x0:.0f} {y0 + bend:.0f} {x1:.0f} {y1 - bend:.0f} {x1:.0f} {y1:.0f}"
    edge.arrow = f"M{target.x + beside:.0f} {tip - down:.0f}l-4.5 {-8 * down}h9Z"
    middle = len(points) // 2
    (x0, y0), (x1, y1) = points[middle - 1], points[middle]
    edge.x, edge.y = (x0 + x1) / 2, (y0 + y1) / 2 + beside * 0.7


def tables(picture: Picture) -> dict[str, list[dict[str, Any]]]:
    """The picture's numbers as tables: ``activities`` and ``paths``, the most frequent first."""
    label = {row["id"]: row["label"] for row in picture["nodes"]}
    activities = [{**row, "closed": row["ends"] - row["open"]} for row in picture["nodes"]]
    paths = [{**row, "source": label[row["s"]], "target": label[row["t"]]} for row in picture["edges"]]
    return {
        "activities": sorted(activities, key=lambda row: -row["n"]),
        "paths": sorted(paths, key=lambda row: -row["n"]),
    }
