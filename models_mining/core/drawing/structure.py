"""Whether two drawings show the same structure, whatever their nodes are called, in sentences."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from models_mining.core.drawing.canonical import ordering
from models_mining.core.drawing.compare import count_differences
from models_mining.core.drawing.net_drawing import draw_net
from models_mining.core.drawing.nets import Net

NODE_FIELDS = ("type", "label", "initial", "final")
EDGE_FIELDS = ("n", "place")


class Structure(NamedTuple):
    """A model as a directed graph: what each node is, in words, and arcs (source, target, what) by number."""

    nodes: list[str]
    arcs: list[tuple[int, int, str]]


def structure_differences(
    live: Mapping[str, Any],
    batch: Mapping[str, Any],
    node_fields: Sequence[str] = NODE_FIELDS,
    edge_fields: Sequence[str] = EDGE_FIELDS,
) -> list[str]:
    """How two drawings (or stored pictures) differ in what they are built of and how that is put together.

    Nodes are told apart by these fields only, edges by theirs: ids and names of places make no difference, nor does
    which of several alike nodes is which. The same structure gives no sentence.
    """
    one, other = _structure(live, node_fields, edge_fields), _structure(batch, node_fields, edge_fields)
    found = [
        *count_differences("node", Counter(one.nodes), Counter(other.nodes)),
        *count_differences("edge", _arrows(one), _arrows(other)),
    ]
    if not found and not _alike(one, other):
        found.append("the same nodes and edges, but put together otherwise")
    return found


def net_differences(drawing: Mapping[str, Any], batch: Net) -> list[str]:
    """How the Petri net that a drawing (or a stored picture) shows is not ``batch``: by labels, weights, markings."""
    return structure_differences(drawing, draw_net(batch))


def _structure(drawing: Mapping[str, Any], node_fields: Sequence[str], edge_fields: Sequence[str]) -> Structure:
    number = {node["id"]: at for at, node in enumerate(drawing["nodes"])}
    return Structure(
        [_said(node, node_fields) for node in drawing["nodes"]],
        [(number[edge["s"]], number[edge["t"]], _said(edge, edge_fields)) for edge in drawing["edges"]],
    )


def _said(row: Mapping[str, Any], fields: Sequence[str]) -> str:
    """The fields a row has, in words: type and label as they are, others by their name. Places have no name here."""
    return " ".join(
        str(row[field]) if field in ("type", "label") else f"({field} {row[field]})"
        for field in fields
        if row.get(field, "") != "" and not (field == "label" and row.get("type") == "place")
    )


def _arrows(structure: Structure) -> Counter[str]:
    nodes = structure.nodes
    return Counter(f"{nodes[source]} → {nodes[target]} {what}".strip() for source, target, what in structure.arcs)


def _alike(one: Structure, other: Structure) -> bool:
    """Whether two graphs with the same parts are the same graph. Mostly their canonical forms tell."""
    return _canonical(one) == _canonical(other) or _isomorphic(one, other)


def _canonical(structure: Structure) -> tuple[list[str], list[tuple[int, int, str]]]:
    rank = ordering(structure.nodes, structure.arcs)
    return (
        [what for _, what in sorted(zip(rank, structure.nodes, strict=True))],
        sorted((rank[source], rank[target], what) for source, target, what in structure.arcs),
    )


def _isomorphic(one: Structure, other: Structure) -> bool:
    from networkx import DiGraph, is_isomorphic
    from networkx.algorithms.isomorphism import categorical_edge_match, categorical_node_match

    graphs = []
    for nodes, arcs in (one, other):
        graph = DiGraph()
        graph.add_nodes_from((at, {"what": what}) for at, what in enumerate(nodes))
        graph.add_edges_from((source, target, {"what": what}) for source, target, what in arcs)
        graphs.append(graph)
    same_node, same_edge = categorical_node_match("what", ""), categorical_edge_match("what", "")
    return bool(is_isomorphic(*graphs, node_match=same_node, edge_match=same_edge))
