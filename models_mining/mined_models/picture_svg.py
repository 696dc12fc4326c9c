"""A picture drawn on the server: the map before the first message of the socket, and the map without scripts.

The simulator draws its chains in the same layers. Pure: pictures in, coordinates out;
`templates/models_mining/picture.svg` writes them.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Any

from foundation.drawing.layered import MOST_PLACES, Box, Line, TooLargeError, lay_out
from foundation.templatetags.figures import short
from models_mining.mined_models.pictures import Picture
from models_mining.mined_models.thinning import can_be_thinned, thinned

Key = int | str
START, END = "start", "end"
WIDTH, HEIGHT, ROUND, LABEL = 208, 36, 26, 16
MOST_NODES = 250  # that are left of a picture which is too large to be drawn whole
MOST_ROWS = 1_000  # of a table
_KINDS = {
    **{name: name for name in ("place", "silent", "start", "end")},
    **dict.fromkeys(("xor", "and", "or", "sequence", "parallel", "loop", "interleaving", "partial-order"), "operator"),
}
_SIZES: dict[str, tuple[float, float]] = {
    "place": (30, 30),
    "silent": (34, 12),
    "start": (ROUND, ROUND),
    "end": (ROUND, ROUND),
    "operator": (40, 40),
}
_SIGNS = {
    "xor": "×",
    "and": "+",
    "or": "○",
    "sequence": "→",
    "parallel": "∧",
    "loop": "↺",
    "interleaving": "↔",
    "partial-order": "≺",
}


@dataclass
class DrawnNode:
    """A box to draw, its centre at ``x``, ``y``."""

    key: Key
    kind: str
    label: str
    n: int | None = None
    open: int = 0
    maybe: int = 0
    sign: str = ""
    initial: bool = False
    final: bool = False
    heat: float = 0.0
    w: float = WIDTH
    h: float = HEIGHT
    x: float = 0.0
    y: float = 0.0


@dataclass
class DrawnEdge:
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

    nodes: list[DrawnNode]
    edges: list[DrawnEdge]
    left: float = 0.0
    top: float = 0.0
    width: float = 0.0
    height: float = 0.0


def drawn_part(picture: Picture) -> tuple[Drawing, Picture]:
    """The drawing of a picture, or of its most frequent part where all is too large, and what is drawn.

    Raises TooLargeError of a large picture that counts nothing: no part of a net or tree is one.
    """
    try:
        return draw(picture), picture
    except TooLargeError:
        if not can_be_thinned(picture):
            raise
    activities, paths = MOST_NODES / len(picture["nodes"]), MOST_PLACES / max(1, len(picture["edges"]))
    most = thinned(picture, min(1.0, activities), min(1.0, paths))
    activities = paths = 1.0
    while True:
        try:
            part = thinned(most, activities, paths)
            return draw(part), part
        except TooLargeError:
            paths *= 0.7
            if paths * len(most["edges"]) < len(most["nodes"]):  # what is left are the two that each activity keeps
                activities *= 0.7


def draw(picture: Picture) -> Drawing:
    """Where everything of ``picture`` goes; raises TooLargeError."""
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


def _drawn(picture: Picture) -> tuple[list[DrawnNode], list[DrawnEdge]]:
    """What is drawn of a picture of any kind; a graph has a start and an end, and a drawn end is a closed case."""
    rows, graph = picture["nodes"], picture["kind"] == "graph"
    most = max((row.get("n", 0) for row in rows), default=1)
    nodes = [_node(row, picture["kind"], most) for row in rows]
    edges = [_edge(row) for row in picture["edges"]]
    if graph:
        edges += [DrawnEdge(START, row["id"], _count(starts), "start") for row in rows if (starts := _begun(row))]
        edges += [DrawnEdge(row["id"], END, _count(ended), "end") for row in rows if (ended := _ended(row))]
        if any(edge.kind == "start" for edge in edges):
            nodes.insert(0, DrawnNode(START, START, "Start", w=ROUND, h=ROUND))
        if any(edge.kind == "end" for edge in edges):
            nodes.append(DrawnNode(END, END, "End", w=ROUND, h=ROUND))
    greatest = max((edge.n for edge in edges), default=1)
    for edge in edges:
        edge.text = edge.text or (short(edge.n) if edge.n else "")
        edge.plate = 8 + 6.5 * len(edge.text)
        strength = sqrt(edge.n / max(greatest, 1)) if edge.kind in ("path", "loop") else 0.1
        edge.width, edge.opacity = f"{1.25 + 3.75 * strength:.2f}", f"{0.6 + 0.4 * strength:.2f}"
    return nodes, edges


def _node(row: dict[str, Any], kind: str, most: int) -> DrawnNode:
    what = _KINDS.get(row.get("type", ""), "activity") if "type" in row else "activity"
    node = DrawnNode(row["id"], what, row["label"], row.get("n"), row.get("open", 0), maybe=row.get("maybe", 0))
    if what in _SIZES:
        node.w, node.h = _SIZES[what]
        node.sign = "∨" if (kind, row["type"]) == ("process-tree", "or") else _SIGNS.get(row["type"], "")
        node.initial, node.final = "initial" in row, "final" in row
    elif node.n is not None:
        node.heat = 0.03 + 0.27 * sqrt(node.n / max(most, 1))
    return node


def _edge(row: dict[str, Any]) -> DrawnEdge:
    said = row.get("relation") or row.get("label") or ", ".join(row.get("relations", ()))
    rules = row.get("constraints")
    text = str(said or (rules and f"{len(rules)} rules") or "").replace("_", " ")
    return DrawnEdge(row["s"], row["t"], row.get("n", 0), "loop" if row["s"] == row["t"] else "path", text)


def _begun(row: dict[str, Any]) -> int | bool:
    found: int | bool = row.get("starts", row.get("start", 0))
    return found


def _ended(row: dict[str, Any]) -> int | bool:
    """The cases that ended here: closed ones; or only whether some did."""
    found: int | bool = row["ends"] - row.get("open", 0) if "ends" in row else row.get("end", 0)
    return found if found is True else max(0, found)


def _count(told: int | bool) -> int:
    return 0 if told is True else told


_NO_TIMES = dict.fromkeys(("mean_s", "median_s", "p95_s"))


def tables(picture: Picture) -> dict[str, list[dict[str, Any]]]:
    """The picture's numbers as tables: ``activities`` and ``paths``, the most frequent first.

    A picture that counts nothing is told too: each part with what it is, each way with what is said of it. Each table
    has at most `MOST_ROWS` rows.
    """
    label = {
        row["id"]: row["label"] or _SIGNS.get(row.get("type", ""), row.get("type", "")) for row in picture["nodes"]
    }
    activities = [
        {**row, "label": label[row["id"]], "closed": row["ends"] - row.get("open", 0) if "ends" in row else None}
        for row in _most_frequent(picture["nodes"])
    ]
    paths = [
        {**_NO_TIMES, **row, "source": label[row["s"]], "target": label[row["t"]], "said": _edge(row).text}
        for row in _most_frequent(picture["edges"])
    ]
    return {"activities": activities, "paths": paths}


def _most_frequent(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: -row.get("n", 0))[:MOST_ROWS]
