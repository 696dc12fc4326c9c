"""Process trees as plain values, and as drawings."""

from collections import Counter
from typing import Literal, NamedTuple, Self

from models_mining.core.drawing.canonical import listed, unique
from models_mining.core.drawing.drawing import Drawing, Row
from models_mining.core.drawing.nets import Net

Operator = Literal["sequence", "xor", "parallel", "loop", "or", "interleaving"]


class Tree(NamedTuple):
    """A node with all below it: an operator over children, an activity (``leaf``), or a silent step.

    The children of a sequence are in its order, the first of a loop is what is done, the others ways to do it again.

    >>> Tree("sequence", children=(Tree("leaf", "a"), Tree("silent"))).children[0].label
    'a'
    """

    type: Operator | Literal["leaf", "silent"]
    label: str = ""
    children: tuple["Tree", ...] = ()

    def sorted(self) -> Self:
        """The same tree with children in one order, where their order says nothing."""
        children = [child.sorted() for child in self.children]
        fixed = {"sequence": len(children), "loop": 1}.get(self.type, 0)
        return self._replace(children=(*children[:fixed], *sorted(children[fixed:])))

    def leaves(self) -> list[str]:
        """The activities, from left to right."""
        if self.type == "leaf":
            return [self.label]
        return [label for child in self.children for label in child.leaves()]


def draw_tree(tree: Tree, net: Net) -> Drawing:
    """A tree of kind ``process-tree`` with the Petri net it stands for; sort it first.

    Nodes have the ``type`` of an operator, leaf or silent; an edge leads to a child, whose ``place`` among its
    siblings it tells. A token is drawn at the leaf that made it, where one leaf is the only maker of its place.
    """
    walked = list(_walk(tree))
    ids = list(unique(_name(node) for node, _, _ in walked))
    nodes: list[Row] = [
        {"id": identity, "label": node.label, "type": node.type}
        for identity, (node, _, _) in zip(ids, walked, strict=True)
    ]
    edges: list[Row] = [
        {"s": ids[parent], "t": identity, "place": place}
        for identity, (_, parent, place) in zip(ids, walked, strict=True)
        if parent is not None
    ]
    copies = Counter(tree.leaves())
    leaf_of = {
        node.label: identity
        for identity, (node, _, _) in zip(ids, walked, strict=True)
        if node.type == "leaf" and copies[node.label] == 1
    }
    return Drawing(kind="process-tree", nodes=nodes, edges=edges, net=net.to_data(), at=_at(net, leaf_of))


def _at(net: Net, leaf_of: dict[str, str]) -> list[list[int | str]]:
    makers: list[set[str | None]] = [set() for _ in net.places]
    for label, _, gives in net.transitions:
        for place, _ in gives:
            makers[place].add(label)
    leaves = [leaf_of.get(next(iter(labels)) or "") if len(labels) == 1 else None for labels in makers]
    return [[] if leaf is None else [leaf] for leaf in leaves]


def _walk(tree: Tree) -> list[tuple[Tree, int | None, int]]:
    """Each node with the number of its parent in this list and its place among the siblings, parents first."""
    found: list[tuple[Tree, int | None, int]] = [(tree, None, 0)]
    for number, (node, _, _) in enumerate(found):
        found += [(child, number, place) for place, child in enumerate(node.children)]
    return found


def _name(node: Tree) -> str:
    """Leaves by their activity, operators by what they are and the activities below."""
    if node.type == "leaf":
        return f"t {node.label}"
    return f"{node.type} {listed(node.leaves())}".strip()
