"""What an algorithm finds, as pictures hold it and clients are sent it: nodes and edges, whatever the kind of model."""

from typing import Any, Literal, NotRequired, TypedDict

Kind = Literal[
    "graph",  # nodes are activities, with the log's numbers as ids: directly-follows, footprints, heuristics net …
    "petri-net",  # places, transitions
    "process-tree",  # operators and leaves; edges lead to children, in the order of `place`
    "bpmn",  # events, tasks, gateways; edges are sequence flows
    "powl",  # partial orders and choices over leaves
    "states",  # a transition system, a prefix tree
]

Row = dict[str, Any]


class Drawing(TypedDict):
    """A model as nodes and edges.

    A node has ``id`` and ``label``. Where nodes are activities, ``id`` is the activity's number in the log. Elsewhere
    it is a ``str`` that follows from the node's own surroundings (labels, not memory addresses), so that what stayed
    the same keeps its id when another part of the model changes; pictures give each a number of its own. ``type``
    says what a node is (``place``, ``transition``, ``xor``, ``task`` …). An edge has ``s`` and ``t``, ids of nodes,
    and no other edge has the same two. All else is measured or told of them: ``n``, ``mean_s``, ``relation`` …

    ``net`` is what cases are replayed on (:meth:`models_mining.core.nets.Net.to_data`), where there is one; ``at``
    tells for each of its places, in order, where its tokens are drawn: ``[id]`` of a node, ``[s, t]`` of an edge, or
    ``[]`` for nowhere. ``remarks`` are sentences for the reader, as what the model does not stand for.
    """

    kind: Kind
    nodes: list[Row]
    edges: list[Row]
    net: NotRequired[dict[str, Any]]
    at: NotRequired[list[list[int | str]]]
    remarks: NotRequired[list[str]]
