"""Closed cases that are counted but no longer in memory, so that memory grows with the open cases only."""

from collections.abc import Mapping

from models_mining.core.counting.pairs import Profile
from models_mining.core.counting.prefix_tree import Node
from models_mining.core.live_log.cases import Case
from models_mining.core.live_log.idle import IdleQueue
from models_mining.core.live_log.logged_event import CaseHistory, HistoryError, Row


class ClosedCaseArchive:
    """Knows how many closed cases are not in memory, which may join them, and how to restore one that returns.

    Only a case whose state follows from its events may join: it is in the tree, and if silence closes cases, it has
    also been silent for long enough, whatever closed it.
    """

    def __init__(self, size: int = 0) -> None:
        self.size = size

    def take(self, cases: Mapping[str, Case], keep: int, idle: IdleQueue, now_us: int) -> list[str]:
        """Archive the closed cases but the ``keep`` last seen. Returns their names, to be removed from ``cases``."""
        waits = idle.idle_us is not None
        closed = [
            (case.received_at_us, name)
            for name, case in cases.items()
            if case.closed and case.node is not None and (not waits or idle.is_idle(case.received_at_us, now_us))
        ]
        closed.sort()
        taken = [name for _, name in closed[: max(0, len(closed) - keep)]]
        self.size += len(taken)
        return taken

    def restore(self, event: Row, history: CaseHistory | None, root: Node, *, track_pairs: bool) -> Case | None:
        """Return the case of ``event`` as it was when archived; None if the case is new.

        ``root`` is that of the tree which counts the case. When the case was last seen is no longer known, and makes
        no difference: that was too long ago to count.
        """
        seq, name, _, _, received_at_us = event
        if history is None:
            raise HistoryError(f"{self.size} closed cases are not in memory: whether {name!r} is one must be read")
        steps = history(name, None, seq)
        if not steps:
            return None
        node = root
        for activity, _ in steps:
            child = node.children.get(activity)
            if child is None:
                raise HistoryError(f"what was read back of case {name!r} is not what was learnt")
            node = child
        if not node.closed:
            raise HistoryError(f"no closed case has done what was read back of case {name!r}")
        case = Case(node, steps[0][1], received_at_us, seq)
        case.last_at_us = steps[-1][1]
        case.closed = True
        if track_pairs:
            case.profile = Profile.of(steps)
        self.size -= 1
        return case
