"""What an algorithm finds, as pictures hold it and clients are sent it: nodes and edges, whatever the kind of model."""

from typing import Any, Literal, NotRequired, TypedDict

Kind = Literal[
    "graph",  # nodes are activities, with the log's numbers as ids: directly-follows, footprints, heuristics net …
    "petri-net",  # place, transition, silent; tokens `initial` and `final` of places, weight `n` of arcs
    "process-tree",  # sequence, xor, parallel, loop …, leaf, silent; edges lead to children, in the order of `place`
    "bpmn",  # start, end, task, xor, and, or; edges are sequence flows
    "powl",  # partial orders, choices and loops over leaves; see docs/algorithms/powl.md
    "states",  # states and what leads from one to another: a transition system, a prefix tree
]
"""What nodes and edges mean. After each: the values of ``type`` of its nodes, and members of its own."""

Row = dict[str, Any]


class Drawing(TypedDict):
    """A model as nodes and edges.

    A node has ``id`` and ``label`` (the activity; "" where there is none; of a place its name). Where nodes are
    activities, ``id`` is the activity's number in the log. Elsewhere it is a ``str`` that follows from the node's own
    surroundings (labels, not memory addresses), so that what stayed the same keeps its id when another part of the
    model changes; pictures give each a number of its own. ``type`` says what a node is. An edge has ``s`` and ``t``,
    ids of nodes, and no other edge has the same two. All else is measured or told of them: ``n``, ``mean_s``,
    ``relation`` … Nothing at all (no cases) is drawn with no nodes. The order of nodes and edges is fixed, too: the
    same model is the same value, in every process.

    ``net`` is what cases are replayed on (:meth:`models_mining.core.drawing.nets.Net.to_data`), where there is one;
    ``at`` tells for each of its places, in order, where its tokens are drawn: ``[id]`` of a node, ``[s, t]`` of an
    edge, or
    ``[]`` for nowhere. ``remarks`` are sentences for the reader, as what the model does not stand for.
    """

    kind: Kind
    nodes: list[Row]
    edges: list[Row]
    net: NotRequired[dict[str, Any]]
    at: NotRequired[list[list[int | str]]]
    remarks: NotRequired[list[str]]
