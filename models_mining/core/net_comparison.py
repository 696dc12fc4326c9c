"""How the Petri net of a drawing differs from a batch result, in sentences."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from models_mining.core.canonical import canonical
from models_mining.core.compare import count_differences
from models_mining.core.net_drawing import drawn_net
from models_mining.core.nets import Net


def net_differences(drawing: Mapping[str, Any], batch: Net) -> list[str]:
    """How the Petri net that a drawing (or a stored picture) shows is not ``batch``, by its nodes and edges.

    Names of places, and which of several silent transitions is which, make no difference; labels, weights and both
    markings do. Equal nets give no sentence.
    """
    live, batch = canonical(drawn_net(drawing["nodes"], drawing["edges"])), canonical(batch)
    if live == batch:
        return []
    found = [
        *count_differences("transitions of", _labels(live), _labels(batch)),
        *count_differences("places", _places(live), _places(batch)),
    ]
    if not found and not _isomorphic(live, batch):
        found.append("the nets have the same places and transitions, but other arcs between them")
    return found


def _labels(net: Net) -> Counter[str]:
    return Counter("(silent)" if label is None else label for label, _, _ in net.transitions)


def _places(net: Net) -> Counter[str]:
    """How many places there are between the same transitions, with the same weights and tokens."""
    beside: list[tuple[list[str], list[str]]] = [([], []) for _ in net.places]
    for label, takes, gives in net.transitions:
        for pairs, side in ((gives, 0), (takes, 1)):
            for place, weight in pairs:
                beside[place][side].append(("(silent)" if label is None else label) + f" × {weight}" * (weight > 1))
    initial, final = dict(net.initial), dict(net.final)
    return Counter(
        f"after {', '.join(sorted(before)) or 'nothing'}, before {', '.join(sorted(after)) or 'nothing'}"
        f" (tokens {initial.get(place, 0)} at the start, {final.get(place, 0)} at the end)"
        for place, (before, after) in enumerate(beside)
    )


def _isomorphic(one: Net, other: Net) -> bool:
    """Whether two nets with the same parts are the same; rarely asked, as their canonical forms mostly tell."""
    from networkx import is_isomorphic
    from networkx.algorithms.isomorphism import categorical_edge_match, categorical_node_match

    return bool(
        is_isomorphic(
            _graph(one),
            _graph(other),
            node_match=categorical_node_match("what", None),
            edge_match=categorical_edge_match("weight", 1),
        )
    )


def _graph(net: Net) -> Any:
    from networkx import DiGraph

    graph = DiGraph()
    initial, final = dict(net.initial), dict(net.final)
    for place in range(len(net.places)):
        graph.add_node(("p", place), what=("place", initial.get(place, 0), final.get(place, 0)))
    for number, (label, takes, gives) in enumerate(net.transitions):
        graph.add_node(("t", number), what=("transition", label))
        graph.add_weighted_edges_from((("p", place), ("t", number), weight) for place, weight in takes)
        graph.add_weighted_edges_from((("t", number), ("p", place), weight) for place, weight in gives)
    return graph
