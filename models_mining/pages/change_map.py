"""One picture of a change of the process: both directly-follows graphs in one, what differs coloured and marked.

Pure: graphs in, coordinates out; `templates/models_mining/drift/map.svg` writes them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from foundation.drawing.layered import Box, Line, lay_out
from foundation.templatetags.shares import percent

START, END = "start", "end"  # an activity's key begins with a blank
MOST = 30  # paths drawn beside those that changed, the most frequent ones
SIGNS = {"appeared": "+", "rose": "▲", "fell": "▼", "vanished": "✕", "": ""}
LETTER, HEIGHT, ROUND = 7.2, 34.0, 24.0

Row = Mapping[str, Any]


@dataclass
class Stop:
    """An activity, or the start or end of cases (``kind``); ``state``: fresh, gone or nothing."""

    label: str
    kind: str
    state: str
    box: Box


@dataclass
class ChangedPath:
    """A path; ``kind`` as drift tells it, or nothing. ``text`` is its probability before and after."""

    kind: str
    before: float
    after: float
    line: Line
    arrow: str = ""

    @property
    def text(self) -> str:
        """``▲ 11 % → 25 %``; of a path that did not change its probability."""
        if not self.kind:
            return percent(self.after)
        return f"{SIGNS[self.kind]} {percent(self.before)} → {percent(self.after)}"

    @property
    def width(self) -> str:
        """Of its line, in pixels."""
        return f"{1.2 + 3.2 * max(self.before, self.after):.1f}"


@dataclass
class Map:
    """All that is drawn, how large it is, and how many paths are not."""

    stops: list[Stop]
    ways: list[ChangedPath]
    left_out: int
    left: float = 0.0
    top: float = 0.0
    width: float = 0.0
    height: float = 0.0


def change_map(before: Row, after: Row, changed: Iterable[Row]) -> Map:
    """What to draw of a change: ``before`` and ``after`` as its rows hold them, ``changed`` what is certain."""
    told = {_pair(edge["source"], edge["target"]): edge for edge in changed}
    shares = [_shares(before), _shares(after)]
    counts = [_counts(before), _counts(after)]
    pairs = dict.fromkeys([*shares[1], *shares[0], *told])
    often = sorted(pairs, key=lambda pair: -(counts[0].get(pair, 0) + counts[1].get(pair, 0)))
    drawn = [pair for place, pair in enumerate(often) if place < MOST or pair in told]
    ways = []
    for pair in drawn:
        edge = told.get(pair)
        kind = edge["kind"] if edge else ""
        old, new = (edge["before"], edge["after"]) if edge else (share.get(pair, 0.0) for share in shares)
        way = ChangedPath(kind, old, new, Line(*pair))
        way.line.w, way.line.h = 6.4 * len(way.text) + 10, 17
        ways.append(way)
    stops = _stops(
        ways, {f" {row['label']}" for row in before["nodes"]}, {f" {row['label']}" for row in after["nodes"]}
    )
    made = Map(stops, ways, len(often) - len(drawn))
    if stops:
        made.left, made.top, made.width, made.height = lay_out([s.box for s in stops], [way.line for way in ways])
    for way in ways:
        x, y = way.line.tip
        way.arrow = f"M{x:.0f} {y:.0f}" + (f"l-4.5 {-8 * way.line.down}h9Z" if way.line.down else "l8 -4.5v9Z")
    return made


def _pair(source: str, target: str) -> tuple[str, str]:
    """As drift tells them: nothing is the start or the end."""
    return f" {source}" if source else START, f" {target}" if target else END


def _stops(ways: Iterable[ChangedPath], old: set[str], new: set[str]) -> list[Stop]:
    """In the order in which the frequent ways come to them."""
    names = list(dict.fromkeys(name for way in ways for name in (way.line.source, way.line.target)))
    names.sort(key=lambda name: (name != START, name == END))
    found = []
    for name in names:
        if name in (START, END):
            found.append(Stop("Start" if name == START else "End", name, "", Box(name, ROUND, ROUND)))
            continue
        label = name[1:]
        state = "gone" if name in old and name not in new else "fresh" if name in new and name not in old else ""
        shown = label if len(label) <= 42 else f"{label[:41]}…"
        found.append(Stop(shown, "activity", state, Box(name, max(56.0, LETTER * len(shown) + 22), HEIGHT)))
    return found


def _ends(graph: Row) -> Iterable[tuple[tuple[str, str], int]]:
    labels = {row["id"]: f" {row['label']}" for row in graph["nodes"]}
    for row in graph["nodes"]:
        if row["starts"]:
            yield (START, labels[row["id"]]), row["starts"]
        if row["ends"]:
            yield (labels[row["id"]], END), row["ends"]
    for row in graph["edges"]:
        yield (labels[row["s"]], labels[row["t"]]), row["n"]


def _counts(graph: Row) -> dict[tuple[str, str], int]:
    return dict(_ends(graph))


def _shares(graph: Row) -> dict[tuple[str, str], float]:
    """Probabilities, given where a path begins."""
    out: dict[str, int] = {}
    for (source, _), n in _ends(graph):
        out[source] = out.get(source, 0) + n
    return {pair: n / out[pair[0]] for pair, n in _ends(graph)}
