"""Where the cases stand, and the counts over all of them: one step of a case, told to everything that counts it."""

from collections.abc import Sequence

from models_mining.core.abstraction import Abstraction, change
from models_mining.core.cases import Case
from models_mining.core.prefix_tree import PrefixTree


class Standing:
    """The prefix tree and the counts of all cases, kept in step with each other.

    A case is *put* where it stands (its node, the ends, open or closed) and *lifted* from there before that changes.
    What it did is counted by :meth:`append` and :meth:`insert`, which want it lifted.
    """

    def __init__(self, max_nodes: int, max_depth: int, *, track_pairs: bool = False) -> None:
        self.all = Abstraction(track_pairs=track_pairs)
        self.tree = PrefixTree(self.all, max_nodes, max_depth)
        self.closed_at: dict[str, int] = {}  # closed cases by last activity
        self.beyond = 0  # cases beyond the tree

    def put(self, case: Case) -> None:
        """Count the case where it stands."""
        self._stand(case, 1)

    def lift(self, case: Case) -> None:
        """Undo :meth:`put`."""
        self._stand(case, -1)

    def _stand(self, case: Case, by: int) -> None:
        activity, node = case.activity, case.node
        change(self.all.ends, activity, by)
        if case.closed:
            change(self.closed_at, activity, by)
            if node is not None:
                node.closed += by
        elif node is not None:
            node.open += by

    def append(self, case: Case, activity: str, at_us: int) -> None:
        """Let the case go on to ``activity``; with length 0, begin with it."""
        last = case.activity
        if not case.length:
            change(self.all.starts, activity, 1)
            case.started_at_us = at_us
        else:
            self.all.edge(last, activity).add(at_us - case.last_at_us)
            if case.before:
                self.all.triple(case.before, last, activity).count += 1
        if case.profile is not None:
            case.profile.append(self.all.pairs, activity, at_us)
        child = None if case.node is None else self.tree.enter(case.node, activity, case.length)
        if child is not None:
            case.node = child
        else:
            self._stay_out(case, (last, activity))
        case.last_at_us = at_us
        case.length += 1
        if case.times is not None:
            case.times.append(at_us)

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
        for depth, activity in enumerate(way, start=case.length - len(after)):
            if node is None:
                break
            case.node, node = node, self.tree.enter(node, activity, depth)
        if node is not None:
            case.node = node
        else:
            self._stay_out(case, (way[-2], way[-1]))
        if not place:
            case.started_at_us = step[1]
        case.length += 1
        if case.times is not None:
            case.times.insert(case.length - 1 - len(after), step[1])

    def remove(self, case: Case, steps: Sequence[tuple[str, int]]) -> None:
        """Let the case, which has done ``steps``, never have been. Of it remain its moments and last two activities."""
        last_two = (case.before, case.activity)
        self.lift(case)
        change(self.all.ends, case.activity, 1)  # goes with the rest
        if case.node is None:
            self.beyond -= 1
        else:
            self.tree.leave(case.node)
            case.node = None
        self.all.remove_case(steps)
        case.beyond = last_two
        case.times = case.profile = None

    def _stay_out(self, case: Case, last_two: tuple[str, str]) -> None:
        """Keep only the last two activities of a case the tree has no room for."""
        if case.node is not None:
            self.tree.leave(case.node)
            case.node = None
            case.times = None
            self.beyond += 1
        case.beyond = last_two
