"""The prefix tree: every way a case has begun, the most frequent ones."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from heapq import heappop, heappush
from typing import Any, TypeVar

from models_mining.core.counting.prefix_tree import Node, PrefixTree
from models_mining.core.discovery.pm4py_bridge.algorithms.variants import batch_variants
from models_mining.core.discovery.registry import Parameter, miner
from models_mining.core.drawing.drawing import Drawing, Row
from models_mining.core.drawing.incomplete import remarked, where_all_cases_are_in
from models_mining.core.drawing.structure import structure_differences
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent, Variant, variants_of

ROOT = "start"
"""The id of the state nothing has happened in yet."""


@dataclass(slots=True)
class Prefix:
    """A way cases have begun: how many did, how many stand here, and how each went on."""

    passes: int = 0
    here: int = 0
    following: "dict[str, Prefix]" = field(default_factory=dict)


Place = TypeVar("Place")


@where_all_cases_are_in
def audit(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``drawing`` differs from the same part of the tree of pm4py's variants of ``rows``."""
    root = _grown(batch_variants(rows), parameters["depth"])
    batch = _drawn(root, _counted, lambda prefix: prefix.following, **parameters)
    return structure_differences(drawing, batch, ("label", "n", "here"), ("n",))


@miner(
    name="prefix-tree",
    source="van der Aalst: Process Mining, 2nd ed., Springer 2016, section 7.2; pm4py.discover_prefix_tree",
    cost="live",
    needs="variant-counts",
    parameters=(
        Parameter("depth", 50, "events from the start of a case that are shown", minimum=1, maximum=500),
        Parameter("states", 200, "prefixes that are shown, the most frequent ones", minimum=1, maximum=5000),
    ),
    audit=audit,
)
def mine(log: LiveLog, cases: CaseSet = "all", *, depth: int, states: int) -> Drawing:
    """Every way a case has begun, as a tree: what happens first, then, and where cases part ways.

    ``n`` counts the cases that have begun so, ``here`` those of them that stand here now or ended here.
    """
    variants = variants_of(log, cases) if cases == "closed" or log.overflow_cases else None
    if variants is None:
        drawing = _of_all(log.tree, depth, states)
    else:
        drawing = _drawn(_grown(variants.counts, depth), _counted, lambda prefix: prefix.following, depth, states)
        drawing = remarked(variants, drawing)
    shown = len(drawing["nodes"]) - 1
    if shown == states:
        drawing["remarks"] = [*drawing.get("remarks", ()), f"Only the {shown} most frequent prefixes are shown."]
    return drawing


def state_id(before: str, activity: str) -> str:
    """The id of the state after ``activity`` in the state ``before``; the first one is :data:`ROOT`."""
    return blake2b(f"{before}\0{activity}".encode(), digest_size=8).hexdigest()


def _of_all(tree: PrefixTree, depth: int, states: int) -> Drawing:
    """Straight from the live tree: as many steps as states, however large it is."""

    def counted(node: Node) -> tuple[int, int]:
        if node.parent is None:
            return sum(child.passes for child in node.children.values()), 0
        return node.passes, node.open + node.closed

    return _drawn(tree.root, counted, lambda node: node.children, depth, states)


def _grown(variants: Mapping[Variant, int], depth: int) -> Prefix:
    """The tree of these variants, down to ``depth``."""
    root = Prefix()
    for variant, cases in variants.items():
        prefix = root
        prefix.passes += cases
        for activity in variant[:depth]:
            prefix = prefix.following.setdefault(activity, Prefix())
            prefix.passes += cases
        if len(variant) <= depth:
            prefix.here += cases
    return root


def _counted(prefix: Prefix) -> tuple[int, int]:
    return prefix.passes, prefix.here


def _drawn(
    root: Place,
    counted: Callable[[Place], tuple[int, int]],
    following: Callable[[Place], Mapping[str, Place]],
    depth: int,
    states: int,
) -> Drawing:
    """The most frequent prefixes, nearer ones and then the alphabet first where they are equally frequent."""
    passes, here = counted(root)
    nodes: list[Row] = []
    edges: list[Row] = []
    if passes:
        nodes.append({"id": ROOT, "label": "", "type": "start", "n": passes, "here": here})
    waiting: list[tuple[int, int, Variant, str, str, int]] = []
    places: list[Place] = []

    def wait(place: Place, way: Variant, identity: str) -> None:
        for activity, child in following(place).items():
            places.append(child)
            entry = (-counted(child)[0], len(way), (*way, activity), identity, activity, len(places) - 1)
            heappush(waiting, entry)

    wait(root, (), ROOT)
    while waiting and len(nodes) <= states:
        _, length, way, before, activity, number = heappop(waiting)
        identity = state_id(before, activity)
        passes, here = counted(places[number])
        nodes.append({"id": identity, "label": activity, "type": "state", "n": passes, "here": here})
        edges.append({"s": before, "t": identity, "n": passes})
        if length + 1 < depth:
            wait(places[number], way, identity)
    return Drawing(kind="states", nodes=nodes, edges=edges)
