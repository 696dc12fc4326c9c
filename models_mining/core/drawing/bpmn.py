"""BPMN diagrams as plain values, and as drawings."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from models_mining.core.drawing.canonical import arrow, canonical_order, nearest, ordering, unique
from models_mining.core.drawing.drawing import Drawing, Row
from models_mining.core.drawing.nets import Marking, Net, Transition

Type = Literal["start", "end", "task", "xor", "and", "or"]


class Bpmn(NamedTuple):
    """Nodes as (type, label) and sequence flows between them, by number. Only tasks have a label.

    ``net`` is what it means; ``at`` tells for each of its places where tokens are: ``(node,)`` or ``(source,
    target)`` of a flow.
    """

    nodes: Sequence[tuple[Type, str]]
    flows: Sequence[tuple[int, int]]
    net: Net
    at: Sequence[tuple[int, ...]]


def draw_bpmn(bpmn: Bpmn) -> Drawing:
    """A diagram of kind ``bpmn``: nodes have the ``type`` start, end, task, xor, and or or, edges are the flows.

    Gateways are named after the tasks around them. Tokens are drawn on flows.
    """
    before: list[list[int]] = [[] for _ in bpmn.nodes]
    after: list[list[int]] = [[] for _ in bpmn.nodes]
    for source, target in bpmn.flows:
        after[source].append(target)
        before[target].append(source)

    def name(node: int) -> str:
        kind, label = bpmn.nodes[node]
        if kind == "task":
            return f"t {label}"
        beside = [
            nearest(way[node], lambda other: bpmn.nodes[other][1] or None, way.__getitem__) for way in (before, after)
        ]
        return f"{kind} {arrow(*beside)}" if kind not in ("start", "end") else kind

    names = [name(node) for node in range(len(bpmn.nodes))]
    rank = ordering(names, [(source, target, 0) for source, target in bpmn.flows])
    order = sorted(range(len(names)), key=lambda node: rank[node])
    ids: dict[int, str] = dict(zip(order, unique(names[node] for node in order), strict=True))
    nodes: list[Row] = [{"id": ids[node], "label": bpmn.nodes[node][1], "type": bpmn.nodes[node][0]} for node in order]
    flows = sorted((rank[source], rank[target], source, target) for source, target in bpmn.flows)
    edges: list[Row] = [{"s": ids[source], "t": ids[target]} for _, _, source, target in flows]
    drawn = [[ids[node] for node in where] for where in bpmn.at]
    net, places = canonical_order(bpmn.net, drawn)
    at: list[list[int | str]] = [[*drawn[place]] for place in places]
    return Drawing(kind="bpmn", nodes=nodes, edges=edges, net=net.to_data(), at=at)


def fused(bpmn: Bpmn) -> Bpmn:
    """The same diagram over a smaller net: silent steps from a node to its flow are taken out, as they mean nothing.

    A place on a node becomes one with the next, where its tokens can only go there, or with the one before, where
    they can only come from there; flows stay what they are. Source: Murata, Petri nets: Properties, analysis
    and applications, Proc. IEEE 77(4), 1989 (fusion of series places).
    """
    net, at = bpmn.net, bpmn.at
    takes = [set(pairs) for _, pairs, _ in net.transitions]
    gives = [set(pairs) for _, _, pairs in net.transitions]
    consumers = [{number for number, pairs in enumerate(takes) if (place, 1) in pairs} for place in range(len(at))]
    producers = [{number for number, pairs in enumerate(gives) if (place, 1) in pairs} for place in range(len(at))]
    initial, final = dict(net.initial), dict(net.final)
    gone: set[int] = set()  # transitions
    merged: dict[int, int] = {}  # place → the one it went into
    waiting = [number for number, (label, _, _) in enumerate(net.transitions) if label is None]
    while waiting:
        again = []
        for number in waiting:
            if len(takes[number]) != 1 or len(gives[number]) != 1:
                continue
            ((source, _),), ((target, _),) = takes[number], gives[number]
            kept, left = (source, target) if len(at[source]) == 2 else (target, source)
            marked, ways = (final, consumers) if left == source else (initial, producers)
            both = (consumers[source] & consumers[target]) | (producers[source] & producers[target])
            if source == target or len(at[left]) == 2 or len(ways[left]) > 1 or left in marked or both:
                again.append(number)
                continue
            gone.add(number)
            merged[left] = kept
            consumers[source].discard(number)
            producers[target].discard(number)
            for table, ends in ((takes, consumers), (gives, producers)):
                for other in ends[left]:
                    table[other] = table[other] - {(left, 1)} | {(kept, 1)}
                ends[kept] |= ends[left]
            for marking in (initial, final):
                if left in marking:
                    marking[kept] = marking.get(kept, 0) + marking.pop(left)
        waiting = again if len(again) < len(waiting) else []
    places = [place for place in range(len(at)) if place not in merged]
    number_of = {place: new for new, place in enumerate(places)}

    def pairs(found: set[tuple[int, int]] | dict[int, int]) -> Marking:
        listed = found.items() if isinstance(found, dict) else found
        return tuple(sorted((number_of[place], count) for place, count in listed))

    smaller = Net(
        tuple(net.places[place] for place in places),
        tuple(
            Transition(label, pairs(takes[number]), pairs(gives[number]))
            for number, (label, _, _) in enumerate(net.transitions)
            if number not in gone
        ),
        pairs(initial),
        pairs(final),
    )
    return bpmn._replace(net=smaller, at=[at[place] for place in places])
