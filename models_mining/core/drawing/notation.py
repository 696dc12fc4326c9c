"""Models as files that other tools read: PNML, BPMN 2.0, PTML, and DOT for Graphviz. Values in, text out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from models_mining.core.drawing.drawing import Row
from models_mining.core.drawing.nets import Marking, Net

PNML_GRAMMAR = "http://www.pnml.org/version-2009/grammar/pnmlcoremodel"
BPMN_MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_BPMN = {
    "start": "startEvent",
    "end": "endEvent",
    "task": "task",
    "xor": "exclusiveGateway",
    "and": "parallelGateway",
    "or": "inclusiveGateway",
}
_PTML = {
    "sequence": "sequence",
    "xor": "xor",
    "parallel": "and",
    "loop": "xorLoop",
    "or": "or",
    "interleaving": "interleaving",
    "leaf": "manualTask",
    "silent": "automaticTask",
}
_NO_XML = dict.fromkeys([*(n for n in range(32) if n not in (9, 10, 13)), 0xFFFE, 0xFFFF], "\N{REPLACEMENT CHARACTER}")


def pnml(net: Net, name: str) -> str:
    """A Petri net. Source: ISO/IEC 15909-2; final markings and silent transitions as ProM and pm4py write them."""
    root = Element("pnml")
    drawn = SubElement(root, "net", id="net", type=PNML_GRAMMAR)
    _text(drawn, "name", name)
    page = SubElement(drawn, "page", id="page")
    initial = dict(net.initial)
    for number, label in enumerate(net.places):
        place = SubElement(page, "place", id=f"p{number}")
        _text(place, "name", label)
        if number in initial:
            _text(place, "initialMarking", str(initial[number]))
    for number, (activity, takes, gives) in enumerate(net.transitions):
        transition = SubElement(page, "transition", id=f"t{number}")
        _text(transition, "name", f"silent {number}" if activity is None else activity)
        if activity is None:
            SubElement(transition, "toolspecific", tool="ProM", version="6.4", activity="$invisible$")
        for place_, weight in takes:
            _arc(page, f"p{place_}", f"t{number}", weight)
        for place_, weight in gives:
            _arc(page, f"t{number}", f"p{place_}", weight)
    _final(drawn, net.final)
    return _written(root)


def _arc(page: Element, source: str, target: str, weight: int) -> None:
    arc = SubElement(page, "arc", id=f"{source}-{target}", source=source, target=target)
    _text(arc, "inscription", str(weight))


def _final(drawn: Element, final: Marking) -> None:
    marking = SubElement(SubElement(drawn, "finalmarkings"), "marking")
    for place, tokens in final:
        SubElement(SubElement(marking, "place", idref=f"p{place}"), "text").text = str(tokens)


def bpmn(nodes: Sequence[Row], edges: Sequence[Row], name: str) -> str:
    """A diagram without places on paper: tools lay it out. Source: OMG, BPMN 2.0.2, 2013."""
    root = Element("definitions", {"xmlns": BPMN_MODEL, "id": "definitions", "targetNamespace": "urn:procmine"})
    process = SubElement(root, "process", id="process", name=plain(name), isExecutable="false")
    for node in nodes:
        kind = _BPMN[node["type"]]
        made = SubElement(process, kind, id=f"n{node['id']}", name=plain(node["label"]))
        before = [edge for edge in edges if edge["t"] == node["id"]]
        after = [edge for edge in edges if edge["s"] == node["id"]]
        if kind.endswith("Gateway"):
            made.set("gatewayDirection", _direction(len(before), len(after)))
        for edge in before:
            SubElement(made, "incoming").text = _flow(edge)
        for edge in after:
            SubElement(made, "outgoing").text = _flow(edge)
    for edge in edges:
        SubElement(process, "sequenceFlow", id=_flow(edge), sourceRef=f"n{edge['s']}", targetRef=f"n{edge['t']}")
    return _written(root)


def _flow(edge: Row) -> str:
    return f"f{edge['s']}-{edge['t']}"


def _direction(before: int, after: int) -> str:
    if before > 1 and after > 1:
        return "Mixed"
    return "Converging" if before > 1 else "Diverging"


def ptml(nodes: Sequence[Row], edges: Sequence[Row], name: str) -> str:
    """A process tree. Source: the format of ProM's package PTConversions, where a loop has a third child: its exit."""
    children: dict[Any, list[Any]] = {node["id"]: [] for node in nodes}
    for edge in sorted(edges, key=lambda edge: edge["place"]):
        children[edge["s"]].append(edge["t"])
    below = {edge["t"] for edge in edges}
    root = Element("ptml")
    top = next((f"n{node['id']}" for node in nodes if node["id"] not in below), "")
    tree = SubElement(root, "processTree", id="tree", name=plain(name), root=top)
    links: list[tuple[str, str]] = []
    for node in nodes:
        own = f"n{node['id']}"
        SubElement(tree, _PTML[node["type"]], id=own, name=plain(node["label"]))
        parts = [f"n{child}" for child in children[node["id"]]]
        if node["type"] == "loop":
            again = parts[1:]
            if len(again) != 1:  # one of several ways to do it again, or none
                SubElement(tree, "xor" if again else "automaticTask", id=f"{own}-again", name="")
                links += [(f"{own}-again", part) for part in again]
                again = [f"{own}-again"]
            SubElement(tree, "automaticTask", id=f"{own}-exit", name="")
            parts = [*parts[:1], *again, f"{own}-exit"]
        links += [(own, part) for part in parts]
    for number, (source, target) in enumerate(links):
        SubElement(tree, "parentsNode", id=f"l{number}", sourceId=source, targetId=target)
    return _written(root)


def dot(nodes: Sequence[Row], edges: Sequence[Row], name: str) -> str:
    """Any drawing as a digraph; labels carry the count ``n``, where there is one. Source: graphviz.org, DOT."""
    lines = [
        f"digraph {_quoted(name)} {{",
        "  rankdir=TB; node [fontname=sans, fontsize=11]; edge [fontname=sans, fontsize=9];",
    ]
    for node in nodes:
        look = _LOOKS.get(node.get("type", ""), {"shape": "box", "style": "rounded"})
        label = look.get("label", node["label"]) if not node["label"] else node["label"]
        if "n" in node:
            label = f"{label}\n{node['n']}"
        lines.append(f"  n{node['id']} [{_attributes(look | {'label': label})}];")
    for edge in edges:
        told = {"label": edge["n"]} if "n" in edge else {}
        lines.append(f"  n{edge['s']} -> n{edge['t']} [{_attributes(told)}];")
    return "\n".join([*lines, "}", ""])


_LOOKS: dict[str, dict[str, str]] = {
    "place": {"shape": "circle", "label": ""},
    "transition": {"shape": "box"},
    "silent": {"shape": "box", "style": "filled", "fillcolor": "black", "fontcolor": "white", "label": "τ"},
    "task": {"shape": "box", "style": "rounded"},
    "leaf": {"shape": "box"},
    "start": {"shape": "circle", "label": "start"},
    "end": {"shape": "doublecircle", "label": "end"},
    **{
        kind: {"shape": "diamond", "label": sign}
        for kind, sign in {
            "xor": "×",
            "and": "+",
            "or": "o",
            "sequence": "→",
            "parallel": "∧",
            "loop": "↻",
            "interleaving": "↔",
        }.items()
    },
}


def _attributes(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_quoted(str(value))}" for name, value in values.items())


def _quoted(text: str) -> str:
    inside = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", " ").replace("\n", "\\n")
    return f'"{inside}"'


def plain(text: str) -> str:
    """``text`` without the characters that XML 1.0 cannot hold, not even escaped."""
    return text.translate(_NO_XML)


def _text(parent: Element, tag: str, text: str) -> None:
    SubElement(SubElement(parent, tag), "text").text = plain(text)


def _written(root: Element) -> str:
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def forms_of(kind: str, *, net: bool) -> Iterable[str]:
    """In which forms a drawing of ``kind`` can be written, with a Petri net or without."""
    own = {"bpmn": ["bpmn"], "process-tree": ["ptml"]}.get(kind, [])
    return [*own, *(["pnml"] if net else []), "dot", "svg", "json"]
