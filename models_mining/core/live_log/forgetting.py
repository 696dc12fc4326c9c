"""Letting go of closed cases, so that memory follows the open ones; and finding one again that returns."""

from typing import TYPE_CHECKING

from models_mining.core.counting.pairs import Profile
from models_mining.core.live_log.cases import Case
from models_mining.core.live_log.logged_event import CaseHistory, HistoryError, Row

if TYPE_CHECKING:
    from models_mining.core.live_log.live_log import LiveLog


def forget_closed(log: "LiveLog", keep: int) -> int:
    """See :meth:`LiveLog.forget_closed`.

    Only a case whose state follows from its events alone may go: it stands in the tree, and if silence closes cases
    it has been silent for long enough too, whatever closed it. A log whose memory is bounded forgets none.
    """
    if log.memory.bounded:
        return 0
    now_us = log.newest_received_us
    waits = log.idle.idle_us is not None
    closed = [
        (case.received_at_us, name)
        for name, case in log.cases.items()
        if case.closed and case.node is not None and (not waits or log.idle.is_idle(case.received_at_us, now_us))
    ]
    closed.sort()
    old = closed[: max(0, len(closed) - keep)]
    for _, name in old:
        del log.cases[name]  # the idle queue has let go of it before, for the same silence
    log.forgotten += len(old)
    return len(old)


def recall(log: "LiveLog", event: Row, tail: CaseHistory | None) -> Case | None:
    """The case of ``event`` if it was forgotten, again as it was; None if it is a new one.

    When it was last heard of is not known any more, and makes no difference: that was too long ago to count.
    """
    seq, name, _, _, received_at_us = event
    if tail is None:
        raise HistoryError(f"{log.forgotten} closed cases are not in memory: whether {name!r} is one must be read")
    steps = tail(name, None, seq)
    if not steps:
        return None
    node = log.tree.root
    for activity, _ in steps:
        child = node.children.get(activity)
        if child is None:
            raise HistoryError(f"what was read back of case {name!r} is not what was learnt")
        node = child
    if not node.closed:
        raise HistoryError(f"no closed case has done what was read back of case {name!r}")
    case = log.cases[name] = Case(node, steps[0][1], received_at_us, seq)
    case.last_at_us = steps[-1][1]
    case.closed = True
    if log.track_pairs:
        case.profile = Profile.of(steps)
    log.forgotten -= 1
    return case
