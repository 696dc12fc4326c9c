"""The counts of a live log: over all cases, over closed ones, and by prefix, consistent with each other."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from models_mining.core.counting.abstraction import Abstraction, change
from models_mining.core.counting.pairs import Profile, Steps
from models_mining.core.counting.prefix_tree import Node, PrefixTree
from models_mining.core.live_log.cases import Case, Overflow

_at_us = itemgetter(1)


class LogCounts:
    """The prefix tree and the counts of all and of closed cases, updated together for each step of a case.

    ``closed`` is None unless ``track_closed``; only then the ``steps`` of a case that closes, reopens or is removed
    are looked at. Cases must be open for :meth:`append` and :meth:`insert`.
    """

    def __init__(self, max_nodes: int, max_depth: int, *, track_closed: bool, track_pairs: bool) -> None:
        self.all = Abstraction(track_pairs=track_pairs)
        self.closed = Abstraction(track_pairs=track_pairs) if track_closed else None
        self.tree = PrefixTree(self.all, max_nodes, max_depth)
        self.closed_at: dict[str, int] = {}  # closed cases by last activity
        self.overflow_cases = 0  # cases that the tree has no room for
        self.track_pairs = track_pairs

    # --- Steps of a case -----------------------------------------------------------------

    def begin(self, activity: str, at_us: int, received_at_us: int, seq: int) -> Case:
        """Return a new open case with its first event counted."""
        case = Case(self.tree.root, at_us, received_at_us, seq)
        if self.closed is not None:
            case.times = array("q")
        if self.track_pairs:
            case.profile = Profile(at_us)
        starts = self.all.starts
        starts[activity] = starts.get(activity, 0) + 1
        self._step(case, activity)
        return case

    def append(self, case: Case, activity: str, at_us: int) -> None:
        """Count ``activity`` as the next step of the case."""
        before, last = case.before, case.activity
        self.all.edge(last, activity).add(at_us - case.last_at_us)
        if before:
            self.all.triple(before, last, activity).count += 1
        case.last_at_us = at_us
        self._step(case, activity)

    def insert(self, case: Case, steps: Steps, place: int, activity: str, at_us: int) -> None:
        """Count a late step before ``steps[place:]``, the last steps of the case; ``steps`` are the known ones.

        Only the pair and the triples around the place change their counts. In the tree the case goes back to the
        place and takes its new path from there.
        """
        after = steps[place:]
        known = min(place, 2)
        before_it, behind_it = steps[place - known : place], after[:2]
        node = case.node
        if node is not None:  # the tree first: a node must not outlive the records it refers to
            node = self.tree.leave(node, len(after))
        self.all.remove([*before_it, *behind_it], known)
        self.all.add([*before_it, (activity, at_us), *behind_it], known)
        if case.profile is not None:
            case.profile.insert(self.all.pairs, activity, at_us, after)
        path = [activity, *(later for later, _ in after)]
        length = case.length + 1
        for step in path:
            if node is None:
                break
            case.node, node = node, self.tree.enter(node, step)
        if node is not None:
            case.node = node
        else:
            self._overflow(case, Overflow(path[-2], path[-1], length))
        if not place:
            case.started_at_us = at_us
        if case.times is not None:
            case.times.insert(length - 1 - len(after), at_us)

    def close(self, case: Case, steps: Steps) -> None:
        """Close an open case that has done ``steps``."""
        case.closed = True
        self._count_closed(case, 1)
        if self.closed is not None:
            self.closed.add_case(steps)
            case.times = None  # a closed case is read back if it reopens

    def reopen(self, case: Case, steps: Steps) -> None:
        """Undo :meth:`close`."""
        case.closed = False
        self._count_closed(case, -1)
        if self.closed is not None:
            self.closed.remove_case(steps)
            if case.node is not None:
                case.times = array("q", map(_at_us, steps))

    # --- Whole cases ---------------------------------------------------------------------

    def add(self, steps: Steps, received_at_us: int, seq: int) -> Case:
        """Return an open case that has done ``steps``, all counted."""
        (activity, at_us), *later = steps
        case = self.begin(activity, at_us, received_at_us, seq)
        for activity, at_us in later:
            self.append(case, activity, at_us)
        return case

    def remove(self, case: Case, steps: Steps) -> None:
        """Take out a case that has done ``steps``. The case retains its moments and its last two activities."""
        overflow = Overflow(case.before, case.activity, case.length)
        if case.closed:
            self._count_closed(case, -1)
            if self.closed is not None:
                self.closed.remove_case(steps)
        if case.node is None:
            self.overflow_cases -= 1
        else:
            self.tree.leave(case.node)
            case.node = None
        self.all.remove_case(steps)
        case.overflow = overflow
        case.times = case.profile = None

    # --- Merging -------------------------------------------------------------------------

    def merge(self, other: "LogCounts") -> dict[Node, Node]:
        """Add the counts over other cases. :meth:`adopt` each of these with the nodes that this returns."""
        self.all.merge(other.all)
        if self.closed is not None and other.closed is not None:
            self.closed.merge(other.closed)
        for activity, count in other.closed_at.items():
            change(self.closed_at, activity, count)
        return self.tree.merge(other.tree)

    def adopt(self, case: Case, nodes: Mapping[Node, Node]) -> None:
        """Move a case of the merged counts to its node in this tree, if that has room for it."""
        if case.node is None:
            self.overflow_cases += 1
            return
        node = nodes.get(case.node)
        if node is not None:
            case.node = node
            return
        overflow, reached = Overflow(case.before, case.activity, case.length), case.node
        while reached not in nodes and reached.parent is not None:
            reached = reached.parent
        case.node = nodes[reached]  # at the latest that of the root
        self._overflow(case, overflow)

    # --- State ---------------------------------------------------------------------------

    def to_state(self, numbers: Mapping[str, int]) -> tuple[dict[str, Any], dict[Node, int]]:
        """Return tree and counts as plain data, and the place of each node in it."""
        tree, places = self.tree.to_state(numbers)
        return {
            "tree": tree,
            "all": self.all.to_state(numbers),
            "closed": None if self.closed is None else self.closed.to_state(numbers),
        }, places

    def load_state(self, data: Mapping[str, Any], names: Sequence[str]) -> list[Node]:
        """Take the counts of :meth:`to_state` into empty ones; return the nodes by place.

        The counts are complete once all cases have been given to :meth:`restore`.
        """
        self.all.load_state(data["all"], names)
        if self.closed is not None:
            self.closed.load_state(data["closed"], names)
        nodes = self.tree.load_state(data["tree"], names)
        for node in nodes:
            if node.closed:
                change(self.closed_at, node.activity, node.closed)
        return nodes

    def restore(self, cases: Iterable[Case], nodes: Sequence[Node]) -> None:
        """Count all cases of a loaded state where they are; closed ones in the tree were loaded with its nodes."""
        for case in cases:
            if case.node is None:
                self.overflow_cases += 1
                if case.closed:
                    change(self.closed_at, case.activity, 1)
            elif not case.closed:
                case.node.passes += 1
        self.tree.count_passes(nodes)

    # --- Details -------------------------------------------------------------------------

    def _step(self, case: Case, activity: str) -> None:
        """Move the case on in the tree; its last moment is set already."""
        if case.profile is not None:
            case.profile.append(self.all.pairs, activity, case.last_at_us)
        child = None if case.node is None else self.tree.enter(case.node, activity)
        if child is None:
            self._overflow(case, Overflow(case.activity, activity, case.length + 1))
            return
        case.node = child
        if case.times is not None:
            case.times.append(case.last_at_us)

    def _overflow(self, case: Case, overflow: Overflow) -> None:
        """Retain only ``overflow`` of a case that the tree has no room for."""
        if case.node is not None:
            self.tree.leave(case.node)
            case.node = None
            case.times = None
            self.overflow_cases += 1
        case.overflow = overflow

    def _count_closed(self, case: Case, by: int) -> None:
        node = case.node
        if node is None:
            change(self.closed_at, case.overflow.activity, by)
        else:
            change(self.closed_at, node.activity, by)
            node.closed += by
