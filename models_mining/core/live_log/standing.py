"""Where the cases stand, and the counts over all of them: one step of a case, told to everything that counts it."""

from collections.abc import Sequence

from models_mining.core.counting.abstraction import Abstraction, change
from models_mining.core.counting.prefix_tree import PrefixTree
from models_mining.core.live_log.cases import Beyond, Case


class Standing:
    """The prefix tree and the counts of all cases, kept in step with each other.

    What a case does is counted by :meth:`append` and :meth:`insert`, which want it open.
    """

    def __init__(self, max_nodes: int, max_depth: int, *, track_pairs: bool = False) -> None:
        self.all = Abstraction(track_pairs=track_pairs)
        self.tree = PrefixTree(self.all, max_nodes, max_depth)
        self.closed_at: dict[str, int] = {}  # closed cases by last activity
        self.beyond = 0  # cases beyond the tree

    def close(self, case: Case) -> None:
        """Let an open case be closed where it stands."""
        case.closed = True
        self._count_closed(case, 1)

    def reopen(self, case: Case) -> None:
        """Undo :meth:`close`."""
        case.closed = False
        self._count_closed(case, -1)

    def _count_closed(self, case: Case, by: int) -> None:
        node = case.node
        if node is None:
            change(self.closed_at, case.beyond.activity, by)
        else:
            change(self.closed_at, node.activity, by)
            node.closed += by

    def begin(self, case: Case, activity: str) -> None:
        """Let a new case, which stands at the root, begin with ``activity``."""
        starts = self.all.starts
        starts[activity] = starts.get(activity, 0) + 1
        self._step(case, activity)

    def append(self, case: Case, activity: str, at_us: int) -> None:
        """Let the case go on to ``activity``."""
        before, last = case.before, case.activity
        self.all.edge(last, activity).add(at_us - case.last_at_us)
        if before:
            self.all.triple(before, last, activity).count += 1
        case.last_at_us = at_us
        self._step(case, activity)

    def _step(self, case: Case, activity: str) -> None:
        """What :meth:`begin` and :meth:`append` share, the case's last moment being known."""
        if case.profile is not None:
            case.profile.append(self.all.pairs, activity, case.last_at_us)
        child = None if case.node is None else self.tree.enter(case.node, activity)
        if child is None:
            self._stay_out(case, Beyond(case.activity, activity, case.length + 1))
            return
        case.node = child
        if case.times is not None:
            case.times.append(case.last_at_us)

    def insert(self, case: Case, steps: Sequence[tuple[str, int]], place: int, step: tuple[str, int]) -> None:
        """Let the case have done ``step`` before ``steps[place:]``, its last events; it has done ``steps`` so far.

        Only the pair and the triples around the place change their counts. In the tree the case goes back to the
        place and comes again by its new way.
        """
        after = steps[place:]
        known = min(place, 2)
        before_it, behind_it = steps[place - known : place], after[:2]
        node = case.node
        if node is not None:  # the tree first: a node must not outlive the records it refers to
            node = self.tree.leave(node, len(after))
        self.all.remove([*before_it, *behind_it], known)
        self.all.add([*before_it, step, *behind_it], known)
        if case.profile is not None:
            case.profile.insert(self.all.pairs, *step, after)
        way = [step[0], *(activity for activity, _ in after)]
        length = case.length + 1
        for activity in way:
            if node is None:
                break
            case.node, node = node, self.tree.enter(node, activity)
        if node is not None:
            case.node = node
        else:
            self._stay_out(case, Beyond(way[-2], way[-1], length))
        if not place:
            case.started_at_us = step[1]
        if case.times is not None:
            case.times.insert(length - 1 - len(after), step[1])

    def remove(self, case: Case, steps: Sequence[tuple[str, int]]) -> None:
        """Let the case, which has done ``steps``, never have been. Of it remain its moments and last two activities."""
        left = Beyond(case.before, case.activity, case.length)
        if case.closed:
            self._count_closed(case, -1)
        if case.node is None:
            self.beyond -= 1
        else:
            self.tree.leave(case.node)
            case.node = None
        self.all.remove_case(steps)
        case.beyond = left
        case.times = case.profile = None

    def _stay_out(self, case: Case, beyond: Beyond) -> None:
        """Keep only ``beyond`` of a case the tree has no room for."""
        if case.node is not None:
            self.tree.leave(case.node)
            case.node = None
            case.times = None
            self.beyond += 1
        case.beyond = beyond
