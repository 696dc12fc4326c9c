"""The chain drawn: as DOT for Graphviz, or as SVG without it."""

import math
from collections import defaultdict
from xml.sax.saxutils import escape

from foundation.drawing.layered import MOST_PLACES, Box, Line, lay_out
from simulator.world.chain import (
    END,
    START,
    Chain,
    ConstantDuration,
    DriftingProbability,
    Duration,
    GaussianDuration,
    UniformDuration,
)
from simulator.world.choices import probabilities

FORMATS = ("svg", "dot")
ROUND = 26.0  # start and end
LINE_H, CHARACTER_W = 15.0, 6.4
LONGEST = 40  # characters of a label

STYLE = """
svg { font: 12px system-ui, sans-serif; background: #fff; }
.box { fill: #f4f5f8; stroke: #566074; } .name { font-weight: 600; } .group { fill: #566074; font-size: 11px; }
.line { fill: none; stroke: #4262b8; } .arrow { fill: #4262b8; } .plate { fill: #fff; }
text { fill: #1a2230; text-anchor: middle; } .end .box, .start .box { fill: #fff; stroke-width: 2; }
.never .line { stroke-dasharray: 4 4; stroke: #9ba7b9; } .never .arrow { fill: #9ba7b9; }
"""

Arrow = tuple[str, str, bool, list[str]]
"""From, to, whether it is ever taken, and the lines written beside it: activity, then probability and duration."""


def draw(chain: Chain, form: str) -> str:
    """The chain in one of ``FORMATS``."""
    return dot(chain) if form == "dot" else svg(chain, most=math.inf)


def minutes(duration: Duration) -> str:
    """A duration as a label says it: ``5 min``, ``2…5 min``, ``≈ 14 ± 3 min``."""
    match duration:
        case ConstantDuration(value):
            return f"{value:g} min"
        case UniformDuration(lower, upper):
            return f"{lower:g}…{upper:g} min"
        case GaussianDuration(mu, sigma):
            return f"≈ {mu:g} ± {sigma:g} min"
    return ""


def arrows(chain: Chain) -> list[Arrow]:
    """Edges, those of one direction together."""
    found: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for source in chain.datasources.values():
        selection = source.selection
        first = probabilities(selection, 1)
        last = probabilities(selection, selection.steps) if isinstance(selection, DriftingProbability) else first
        for index, (edge, p, q) in enumerate(zip(source.edges, first, last, strict=True)):
            share = _percent(p) if p == q else f"{_percent(p)} → {_percent(q)}"
            label = [share] if source.name == START else [_short(edge.activity), f"{share} · {minutes(edge.duration)}"]
            found[source.name, edge.target, selection.takes(index)] += label
    return [(source, target, taken, labels) for (source, target, taken), labels in found.items()]


def _percent(p: float) -> str:
    return f"{100 * p:.3g} %"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def dot(chain: Chain) -> str:
    """DOT, the language of Graphviz."""
    lines = ["digraph chain {", '  node [shape=box, style=rounded, fontname="sans-serif"];']
    lines += ['  edge [fontname="sans-serif", fontsize=10];', f"  {_quoted(END)} [shape=doublecircle, label=end];"]
    for source in chain.datasources.values():
        if source.name == START:
            lines.append(f"  {_quoted(START)} [shape=circle, label=start];")
        else:
            label = _quoted(f"{source.node}\n{source.group}".rstrip())
            lines.append(f"  {_quoted(source.name)} [label={label}];")
    for start, target, taken, labels in arrows(chain):
        look = "" if taken else ", style=dashed"
        text = _quoted("\n".join(labels))
        lines.append(f"  {_quoted(start)} -> {_quoted(target)} [label={text}{look}];")
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    plain = text.replace("\0", "\ufffd").replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{plain}"'


def svg(chain: Chain, *, styled: bool = True, most: float = MOST_PLACES) -> str:
    """SVG. ``styled``: with colours of its own; otherwise the page that shows it brings them by class.

    Raises TooLargeError if its layout needs more than ``most`` places.
    """
    ends = any(edge.target == END for source in chain.datasources.values() for edge in source.edges)
    names = [START, *(name for name in chain.datasources if name != START), *([END] if ends else [])]
    boxes = [_box(chain, name) for name in names]
    drawn = arrows(chain)
    lines = [Line(s, t, CHARACTER_W * max(map(len, labels)), LINE_H * len(labels)) for s, t, _, labels in drawn]
    left, top, width, height = lay_out(boxes, lines, most)
    size = f'viewBox="{left:.0f} {top:.0f} {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="chain" {size} role="img" aria-label="Transition graph">'
    parts = [head]
    if styled:
        parts.append(f"<style>{STYLE}</style>")
    labels_last = []
    for line, (_, _, taken, labels) in zip(lines, drawn, strict=True):
        look = "edge" if taken else "edge never"
        parts.append(f'<g class="{look}"><path class="line" d="{line.d}"/><path class="arrow" d="{_arrow(line)}"/></g>')
        labels_last.append(_texts(line, labels))
    parts += labels_last
    parts += [_drawn_box(chain, box) for box in boxes]
    return "\n".join([*parts, "</svg>", ""])


def _box(chain: Chain, name: str) -> Box:
    if name in (START, END):
        return Box(name, ROUND, ROUND)
    source = chain.datasources[name]
    longest = max(len(_short(source.node)) * 1.12, len(_short(source.group)))
    return Box(name, 28 + 7 * longest, 42 if source.group else 30)


def _drawn_box(chain: Chain, box: Box) -> str:
    place = f'transform="translate({box.x:.1f} {box.y:.1f})"'
    if box.key == START:
        return (
            f'<g class="node start" {place}><title>start</title><circle class="box" r="13"/>'
            '<path class="sign" d="M-3.5 -5.5L6 0L-3.5 5.5Z"/></g>'
        )
    if box.key == END:
        return (
            f'<g class="node end" {place}><title>end</title><circle class="box" r="13"/>'
            '<rect class="sign" x="-4.5" y="-4.5" width="9" height="9" rx="1.5"/></g>'
        )
    source = chain.datasources[box.key]
    group = f'<text class="group" y="14">{_escaped(_short(source.group))}</text>' if source.group else ""
    title = _escaped(f"{source.node}, {source.group}" if source.group else source.node)
    return (
        f'<g class="node" {place}><title>{title}</title>'
        f'<rect class="box" x="{-box.w / 2:.1f}" y="{-box.h / 2:.1f}" width="{box.w:.1f}" height="{box.h:.1f}" rx="9"/>'
        f'<text class="name" y="{-2 if group else 4}">{_escaped(_short(source.node))}</text>{group}</g>'
    )


def _texts(line: Line, labels: list[str]) -> str:
    top = line.y - line.h / 2
    plate = (
        f'<rect class="plate" x="{line.x - line.w / 2:.1f}" y="{top:.1f}" width="{line.w:.1f}" height="{line.h:.1f}"/>'
    )
    texts = (
        f'<text x="{line.x:.1f}" y="{top + LINE_H * (number + 0.75):.1f}">{_escaped(label)}</text>'
        for number, label in enumerate(labels)
    )
    return f'<g class="edge-label">{plate}{"".join(texts)}</g>'


def _arrow(line: Line) -> str:
    x, y = line.tip
    if line.down == 0:
        return f"M{x:.1f} {y:.1f}l8 -4.5v9Z"
    return f"M{x:.1f} {y:.1f}l-4.5 {-8 * line.down}h9Z"


def _escaped(text: str) -> str:
    """Text for XML, which cannot hold control characters."""
    return escape("".join(c if c >= " " and c not in "\ufffe\uffff" else "\ufffd" for c in text))
