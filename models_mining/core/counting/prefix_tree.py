"""Every way a case has begun, once: the variants of a log, and where each case stands in them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models_mining.core.counting.abstraction import Abstraction, Edge, Tally

MAX_NODES = 1_000_000
MAX_DEPTH = 500


class Node:
    """One prefix. ``passes`` cases have begun so; ``closed`` of them ended here, ``open`` ones stand here now.

    ``edge`` and ``triple`` are the records of the last two and the last three activities of the prefix, so that a
    case's step is counted everywhere without a look-up; ``depth`` is the prefix's length. The root is the empty
    prefix, its activity is "".
    """

    __slots__ = ("activity", "children", "closed", "depth", "edge", "parent", "passes", "triple")

    def __init__(self, parent: "Node | None", activity: str, edge: Edge | None, triple: Tally | None) -> None:
        self.parent = parent
        self.activity = activity
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.children: dict[str, Node] = {}
        self.closed = 0
        self.passes = 0
        self.edge = edge
        self.triple = triple

    @property
    def open(self) -> int:
        """How many open cases stand here: who has come so far, has not gone on and is not closed."""
        return self.passes - self.closed - sum([child.passes for child in self.children.values()])

    def path(self) -> list[str]:
        """The activities from the first to this one."""
        activities = []
        node = self
        while node.parent is not None:
            activities.append(node.activity)
            node = node.parent
        activities.reverse()
        return activities


class PrefixTree:
    """Prefixes of cases. It grows with :meth:`enter`, shrinks with :meth:`leave`, and has a budget.

    At most ``max_nodes`` nodes, none deeper than ``max_depth``: a case that would need more has to leave. Counts do
    not depend on the tree, so they stay exact.
    """

    def __init__(self, counts: Abstraction, max_nodes: int = MAX_NODES, max_depth: int = MAX_DEPTH) -> None:
        self._counts = counts  # where new nodes find their records
        self.max_nodes = max_nodes
        self.max_depth = max_depth
        self.size = 0
        self.root = Node(None, "", None, None)

    def enter(self, node: Node, activity: str) -> Node | None:
        """Let one case step from ``node`` on to ``activity``. None: the budget does not allow it."""
        child = node.children.get(activity)
        if child is None:
            if not self.has_room_below(node):
                return None
            child = self.grow(node, activity)
        child.passes += 1
        return child

    def has_room_below(self, node: Node) -> bool:
        """Does the budget allow ``node`` one more child?"""
        return self.size < self.max_nodes and node.depth < self.max_depth

    def grow(self, node: Node, activity: str) -> Node:
        """Make a child nobody passes yet: somebody has to at once. There must be room, and no such child."""
        parent = node.parent
        edge = triple = None
        if parent is not None:
            edge = self._counts.edge(node.activity, activity)
            if parent.parent is not None:
                triple = self._counts.triple(parent.activity, node.activity, activity)
        child = node.children[activity] = Node(node, activity, edge, triple)
        self.size += 1
        return child

    def leave(self, node: Node, steps: int | None = None) -> Node:
        """Take a case ``steps`` back (None: out of the tree); nodes nobody passes any more go.

        Answers the node it comes to, which has counted the case before and still does.
        """
        while node.parent is not None and steps != 0:
            parent = node.parent
            node.passes -= 1
            if not node.passes:
                del parent.children[node.activity]
                node.parent = None  # no cycle: the memory is free at once
                self.size -= 1
            node = parent
            if steps is not None:
                steps -= 1
        return node

    def walk(self) -> Iterator[Node]:
        """All nodes but the root, parents before children and each node's children in the order they came."""
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node is not self.root:
                yield node
            stack.extend(reversed(node.children.values()))

    def variants(self, *, closed_only: bool = False) -> dict[tuple[str, ...], int]:
        """How many cases have exactly this sequence of activities; unfinished ones count as what they are so far."""
        found: dict[tuple[str, ...], int] = {}
        for node in self.walk():
            here = node.closed if closed_only else node.open + node.closed
            if here:
                found[tuple(node.path())] = here
        return found

    def merge(self, other: "PrefixTree") -> dict[Node, Node]:
        """Add the nodes of ``other`` with their counts, as far as the budget allows.

        Returns the node of this tree for each node of ``other`` that found room.
        """
        nodes = {other.root: self.root}
        for node in other.walk():
            parent = nodes.get(node.parent) if node.parent is not None else None
            if parent is None:
                continue  # its parent found no room, so there is none here
            child = parent.children.get(node.activity)
            if child is None:
                if self.size >= self.max_nodes:
                    continue
                child = self.grow(parent, node.activity)
            child.passes += node.passes
            child.closed += node.closed
            nodes[node] = child
        return nodes

    def to_state(self, numbers: Mapping[str, int]) -> tuple[dict[str, Any], dict[Node, int]]:
        """Return the tree as columns, parents before children, and the place of each node in them.

        How many cases pass a node is left out: it follows from the cases, see :meth:`count_passes`.
        """
        places: dict[Node, int] = {self.root: 0}
        parents, activities, closed = [], [], []
        for place, node in enumerate(self.walk(), start=1):
            places[node] = place
            parents.append(places[node.parent])  # type: ignore[index]  # only the root has none, and is not walked
            activities.append(numbers[node.activity])
            closed.append(node.closed)
        return {"parent": parents, "activity": activities, "closed": closed}, places

    def load_state(self, data: Mapping[str, Any], names: Sequence[str]) -> list[Node]:
        """Take the nodes of :meth:`to_state` into an empty tree; return them by place, the root first.

        The counts of the tree must have been loaded before. Nodes have no passes until each open case has been
        added to its node and :meth:`count_passes` was called.
        """
        nodes = [self.root]
        for parent, activity, closed in zip(data["parent"], data["activity"], data["closed"], strict=True):
            if parent < 0:
                raise ValueError("a node's parent is not a place in the tree")
            node = self.grow(nodes[parent], names[activity])
            node.closed = closed
            nodes.append(node)
        return nodes

    @staticmethod
    def count_passes(nodes: Sequence[Node]) -> None:
        """Complete the passes of all nodes, parents before children, that hold only their open cases so far."""
        for node in reversed(nodes):
            node.passes += node.closed
            if node.parent is not None:
                if not node.passes:
                    raise ValueError("the tree has a node that no case passes")
                node.parent.passes += node.passes
        nodes[0].passes = 0  # the empty prefix is not counted
