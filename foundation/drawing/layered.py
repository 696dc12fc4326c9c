"""A layered drawing of a directed graph: boxes in, coordinates and curves out. Pure.

After Sugiyama, Tagawa and Toda (IEEE TSMC 11(2), 1981): edges that close a cycle are turned, boxes go into layers by
their longest way from the first, layers are ordered by the mean place of neighbours, long edges pass through places
kept free for them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

GAP, LANE, BESIDE, LOOP = 36.0, 30.0, 16.0, 36.0
SWEEPS = 8
MOST_PLACES = 20_000  # boxes, and one place of each line in each layer it crosses; about half a second


class TooLargeError(ValueError):
    """A graph that needs more places than are laid out."""


@dataclass(slots=True)
class Box:
    """A vertex of width ``w`` and height ``h``; its centre will be at ``x``, ``y``."""

    key: str
    w: float
    h: float
    x: float = 0.0
    y: float = 0.0
    layer: int = 0


@dataclass(slots=True)
class Line:
    """An edge, and the size of its label. ``d`` will be SVG path data, ``tip`` and ``down`` the end of its arrow.

    ``x``, ``y``: the centre of the label.
    """

    source: str
    target: str
    w: float = 0.0
    h: float = 0.0
    d: str = ""
    tip: tuple[float, float] = (0.0, 0.0)
    down: int = 1
    x: float = 0.0
    y: float = 0.0


@dataclass(slots=True)
class _Place:
    """A box in its layer, or the room an edge needs there."""

    w: float
    layer: int
    x: float = 0.0
    up: list["_Place"] = field(default_factory=list)
    down: list["_Place"] = field(default_factory=list)


def lay_out(
    boxes: Sequence[Box], lines: Sequence[Line], most: float = MOST_PLACES
) -> tuple[float, float, float, float]:
    """Place everything; the rectangle around it: left, top, width, height. Earlier boxes tend to stand higher.

    Every line gets a place of its own between the layers of its ends, wide enough for its label. In a dense graph there
    are as many as the third power of its boxes: above ``most`` it is refused with a TooLargeError, before any is made.
    """
    if len(boxes) + len(lines) > most:
        raise TooLargeError
    layers = _layers([box.key for box in boxes], lines)
    if len(boxes) + sum(_crossed(line, layers) for line in lines) > most:
        raise TooLargeError
    by_key = {box.key: box for box in boxes}
    beside: dict[str, float] = defaultdict(float)  # room that a loop and its label need to the right of a box
    for line in lines:
        if line.source == line.target:
            beside[line.source] = max(beside[line.source], LOOP + line.w)
    places: dict[str, _Place] = {}
    for box in boxes:
        box.layer = 2 * layers[box.key]  # every second layer is for labels
        places[box.key] = _Place(box.w + beside[box.key], box.layer)
    ways = [_way(line, places) if line.source != line.target else [] for line in lines]
    everything = [*places.values(), *(place for way in ways for place in way[1:-1])]
    _arrange(everything)
    heights = _heights(boxes, lines, ways)
    for box in boxes:
        box.x, box.y = places[box.key].x - beside[box.key] / 2, heights[box.layer]
    for line, way in zip(lines, ways, strict=True):
        _trace(line, by_key, way, heights)
    return _frame(boxes, lines, everything)


def _layers(keys: Sequence[str], lines: Iterable[Line]) -> dict[str, int]:
    after: dict[str, dict[str, None]] = defaultdict(dict)  # in the order of the lines
    for line in lines:
        if line.source != line.target:
            after[line.source][line.target] = None
    finished: list[str] = []
    on_the_way: dict[str, bool] = {}
    forward: set[tuple[str, str]] = set()
    for root in keys:
        if root in on_the_way:
            continue
        on_the_way[root] = True
        stack = [(root, iter(after[root]))]
        while stack:
            key, rest = stack[-1]
            for target in rest:
                if not on_the_way.get(target):
                    forward.add((key, target))
                if target not in on_the_way:
                    on_the_way[target] = True
                    stack.append((target, iter(after[target])))
                    break
            else:
                on_the_way[key] = False
                finished.append(key)
                stack.pop()
    layer = dict.fromkeys(finished, 0)
    for key in reversed(finished):
        for target in after[key]:
            if (key, target) in forward:
                layer[target] = max(layer[target], layer[key] + 1)
    return layer


def _crossed(line: Line, layers: dict[str, int]) -> int:
    """The number of places that a line needs between its ends."""
    return max(1, 2 * abs(layers[line.source] - layers[line.target]) - 1)


def _way(line: Line, places: dict[str, _Place]) -> list[_Place]:
    first, last = places[line.source], places[line.target]
    step = 1 if last.layer > first.layer else -1
    between = list(range(first.layer + step, last.layer, step))
    labelled = between[0]
    way = [first, *(_Place(max(LANE, line.w) if layer == labelled else LANE, layer) for layer in between), last]
    for one, following in pairwise(way):
        upper, lower = (one, following) if step > 0 else (following, one)
        upper.down.append(lower)
        lower.up.append(upper)
    return way


def _arrange(places: Iterable[_Place]) -> None:
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


def _spread(row: list[_Place], wanted: list[float]) -> None:
    """Near the wanted places, from left to right without overlap, the row's middle where it was wanted."""
    right = float("-inf")
    for place, x in zip(row, wanted, strict=True):
        place.x = max(x, right + GAP + place.w / 2)
        right = place.x + place.w / 2
    shift = sum(place.x - x for place, x in zip(row, wanted, strict=True)) / len(row)
    for place in row:
        place.x -= shift


def _heights(boxes: Sequence[Box], lines: Sequence[Line], ways: Sequence[list[_Place]]) -> dict[int, float]:
    """The middle of each layer: boxes as high as the highest, label layers as high as the highest label."""
    high: dict[int, float] = defaultdict(float)
    for box in boxes:
        high[box.layer] = max(high[box.layer], box.h)
    layer_of = {box.key: box.layer for box in boxes}
    for line, way in zip(lines, ways, strict=True):
        layer = way[1].layer if way else layer_of[line.source]
        high[layer] = max(high[layer], line.h)
    middle, y = {}, 0.0
    for layer in range(max(high, default=0) + 1):
        middle[layer] = y + high[layer] / 2
        y += high[layer] + 22
    return middle


def _trace(line: Line, boxes: dict[str, Box], way: list[_Place], heights: dict[int, float]) -> None:
    source, target = boxes[line.source], boxes[line.target]
    if not way:
        right, y = source.x + source.w / 2, source.y
        line.d = f"M{right:.1f} {y - 9:.1f}c34 -14 34 32 8 18"
        line.tip, line.down = (right + 1, y + 9), 0
        line.x, line.y = right + LOOP - 2 + line.w / 2, y
        return
    line.down = down = 1 if target.y > source.y else -1
    beside = 0 if down > 0 else BESIDE  # there and back do not lie on each other
    points = [(source.x + beside, source.y + down * source.h / 2)]
    points += [(place.x, heights[place.layer]) for place in way[1:-1]]
    line.tip = (target.x + beside, target.y - down * target.h / 2)
    points.append((line.tip[0], line.tip[1] - down * 8))
    line.d = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in pairwise(points):
        bend = (y1 - y0) / 2
        line.d += f"C{x0:.1f} {y0 + bend:.1f} {x1:.1f} {y1 - bend:.1f} {x1:.1f} {y1:.1f}"
    line.x, line.y = points[1]


def _frame(boxes: Sequence[Box], lines: Sequence[Line], places: Sequence[_Place]) -> tuple[float, float, float, float]:
    edges = [(box.x - box.w / 2, box.x + box.w / 2) for box in boxes]
    edges += [(line.x - line.w / 2, line.x + line.w / 2) for line in lines]
    edges += [(place.x - place.w / 2, place.x + place.w / 2) for place in places]
    left, right = min((a for a, _ in edges), default=0.0), max((b for _, b in edges), default=0.0)
    bottom = max((box.y + box.h / 2 for box in boxes), default=0.0)
    return left - 16, -16, right - left + 32, bottom + 32
