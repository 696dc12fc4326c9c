"""A model of any kind as an SVG file that stands alone: shapes, arrows, labels, and no style sheet or script."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from foundation.drawing.layered import Box, Line, lay_out
from models_mining.core.drawing.notation import plain

Row = dict[str, Any]
MARGIN, LETTER = 12.0, 6.6  # pixels
_SIGNS = {"xor": "×", "and": "+", "or": "○", "sequence": "→", "parallel": "∧", "loop": "↻", "interleaving": "↔"}
_ROUND = {"place", "start", "end"}
_INK, _PAPER, _FAINT, _WRONG = "#1f2937", "#ffffff", "#6b7280", "#b3261e"


def svg(nodes: Sequence[Row], edges: Sequence[Row], title: str, marks: Mapping[str, str] | None = None) -> str:
    """The drawing, laid out in layers from the top; ``marks``: by label, what to write at the corner of a node."""
    labels = {node["id"]: _label(node) for node in nodes}
    boxes = {node["id"]: Box(str(node["id"]), *_size(node, labels[node["id"]])) for node in nodes}
    often = sorted(edges, key=lambda edge: -edge.get("n", 0))
    lines = [
        Line(str(edge["s"]), str(edge["t"]), LETTER * len(_count(edge)), 14 if _count(edge) else 0) for edge in often
    ]
    left, top, width, height = lay_out(list(boxes.values()), lines) if nodes else (0.0, 0.0, 100.0, 40.0)
    frame = (left - MARGIN, top - MARGIN, width + 2 * MARGIN, height + 2 * MARGIN)
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": " ".join(f"{value:.0f}" for value in frame),
            "width": f"{frame[2]:.0f}",
            "height": f"{frame[3]:.0f}",
            "font-family": "sans-serif",
            "font-size": "12",
        },
    )
    SubElement(root, "title").text = plain(title)
    SubElement(root, "rect", _at(frame[0], frame[1], frame[2], frame[3]) | {"fill": _PAPER})
    for edge, line in zip(often, lines, strict=True):
        SubElement(root, "path", {"d": line.d, "fill": "none", "stroke": _FAINT, "stroke-width": "1.3"})
        x, y = line.tip
        end = f"l-4.5 {-8 * line.down}h9Z" if line.down else "l8 -4.5v9Z"
        SubElement(root, "path", {"d": f"M{x:.0f} {y:.0f}{end}", "fill": _FAINT})
        if _count(edge):
            _write(root, line.x, line.y, _count(edge), {"font-size": "10", "fill": _INK})
    for node in nodes:
        _draw(root, node, boxes[node["id"]], labels[node["id"]])
    for node in nodes:
        if (mark := (marks or {}).get(node["label"])) and node.get("type") not in _ROUND:
            _mark(root, boxes[node["id"]], mark)
    return tostring(root, encoding="unicode")


def _label(node: Row) -> str:
    text = node["label"] or _SIGNS.get(node.get("type", ""), "")
    if node.get("type") in _ROUND:
        return "●" if node.get("initial") else ""
    return f"{text} {node['n']}" if "n" in node else str(text)


def _count(edge: Row) -> str:
    return str(edge["n"]) if "n" in edge else ""


def _size(node: Row, label: str) -> tuple[float, float]:
    kind = node.get("type")
    if kind in _ROUND:
        return 24.0, 24.0
    if kind == "silent":
        return 24.0, 14.0
    if kind in _SIGNS:
        return 32.0, 32.0
    return max(48.0, LETTER * min(len(label), 60) + 20), 32.0


def _draw(root: Element, node: Row, box: Box, label: str) -> None:
    kind = node.get("type")
    look = {"fill": _PAPER, "stroke": _INK, "stroke-width": "3" if kind == "end" or node.get("final") else "1.3"}
    group = SubElement(root, "g")
    SubElement(group, "title").text = plain(str(node["label"] or kind or ""))
    if kind in _ROUND:
        SubElement(group, "circle", {"cx": f"{box.x:.1f}", "cy": f"{box.y:.1f}", "r": "12"} | look)
    elif kind in _SIGNS:
        corners = f"M{box.x:.1f} {box.y - 16:.1f}l16 16l-16 16l-16 -16Z"
        SubElement(group, "path", {"d": corners} | look)
    else:
        place = _at(box.x - box.w / 2, box.y - box.h / 2, box.w, box.h)
        filled = {"fill": _INK} if kind == "silent" else {"rx": "6"}
        SubElement(group, "rect", place | look | filled)
    if kind != "silent":
        _write(group, box.x, box.y, label if len(label) <= 60 else f"{label[:59]}…", {"fill": _INK})


def _mark(root: Element, box: Box, text: str) -> None:
    group = SubElement(root, "g", {"class": "mark"})
    frame = _at(box.x - box.w / 2 - 3, box.y - box.h / 2 - 3, box.w + 6, box.h + 6) | {"rx": "9", "fill": "none"}
    SubElement(group, "rect", frame | {"stroke": _WRONG, "stroke-width": "1.8", "stroke-dasharray": "5 3"})
    width = LETTER * len(text) + 12
    x, y = box.x + box.w / 2, box.y - box.h / 2 - 3
    plate = _at(x - width / 2, y - 9, width, 18) | {"rx": "9", "fill": _PAPER, "stroke": _WRONG}
    SubElement(group, "rect", plate)
    _write(group, x, y, text, {"fill": _WRONG, "font-size": "11"})


def _write(parent: Element, x: float, y: float, text: str, look: dict[str, str]) -> None:
    place = {"x": f"{x:.1f}", "y": f"{y + 4:.1f}", "text-anchor": "middle"}
    SubElement(parent, "text", place | look).text = plain(text)


def _at(x: float, y: float, width: float, height: float) -> dict[str, str]:
    return {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{width:.1f}", "height": f"{height:.1f}"}
