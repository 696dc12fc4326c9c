"""What a live log does off the beaten path: cases that begin, close, reopen, come late; and a whole log at once."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from operator import itemgetter
from typing import TYPE_CHECKING

from models_mining.core.counting.pairs import Profile
from models_mining.core.live_log import forgetting, history, memory
from models_mining.core.live_log.cases import Case
from models_mining.core.live_log.idle import NEVER_US
from models_mining.core.live_log.logged_event import CaseHistory, LoggedEvent, Row

if TYPE_CHECKING:
    from models_mining.core.live_log.live_log import LiveLog

_at_us = itemgetter(1)


def learn_first(log: "LiveLog", event: Row, tail: CaseHistory | None) -> None:
    """Learn an event of a case that is not in memory."""
    seq, name, activity, at_us, received_at_us = event
    if log.memory.bounded:
        case, is_in = memory.admit(log, LoggedEvent._make(event), tail)
        if not is_in:
            log.numbers.setdefault(activity, len(log.numbers))
            log.seq = seq
            return
    else:
        case = forgetting.recall(log, event, tail) if log.forgotten else None
    if case is not None:
        learn_unusual(log, event, case, tail)
        return
    log.numbers.setdefault(activity, len(log.numbers))
    case = begin(log, name, seq, activity, at_us, received_at_us)
    log.seq = seq
    log.tell(name, "", "", activity, at_us)
    if log.journal is not None:
        log.journal.transition("started", name, log.newest_received_us)
    if activity in log.end_activities or (log.has_clock and log.idle.is_idle(received_at_us, log.newest_received_us)):
        close(log, name, case, ((activity, at_us),), log.newest_received_us)
    if log.has_clock:
        watch(log, name, case)


def learn_unusual(log: "LiveLog", event: Row, case: Case, tail: CaseHistory | None) -> None:
    """Learn an event that closes or reopens a case, comes late, or finds no room for its case in the tree."""
    seq, name, activity, at_us, received_at_us = event
    late, was_closed = at_us < case.last_at_us, case.closed
    closes = log.is_closed(case.activity if late else activity, max(received_at_us, case.received_at_us))
    steps: history.Steps = ()  # what the case did before, as far as that is needed
    if log.closed is not None and (was_closed or closes):
        steps = history.whole(name, case, tail, seq)
    elif late:
        steps = history.since(name, case, tail, at_us, seq)

    # So far nothing has changed, and from here on nothing is read.
    log.numbers.setdefault(activity, len(log.numbers))
    if was_closed:
        log.standing.reopen(case)
    place = bisect_right(steps, at_us, key=_at_us)
    source = stood = case.activity
    if late:
        source = steps[place - 1][0] if place else ""
        log.standing.insert(case, steps, place, (activity, at_us))
    else:
        log.standing.append(case, activity, at_us)
    case.received_at_us = max(case.received_at_us, received_at_us)
    case.seq = log.seq = seq
    if closes:
        log.standing.close(case)
    else:
        log.idle.add(name, case)
    if log.closed is not None:
        now = [*steps[:place], (activity, at_us), *steps[place:]]
        _recount_closed(log, case, before=steps if was_closed else (), now=now)
    log.watch_clock()
    log.tell(name, source, stood, activity, at_us)
    if log.journal is not None and closes != was_closed:
        log.journal.transition("closed" if closes else "reopened", name, log.newest_received_us)


def _recount_closed(log: "LiveLog", case: Case, before: history.Steps, now: history.Steps) -> None:
    """Count a closed case as it is ``now`` and no longer as it was ``before`` (empty: it was open)."""
    if log.closed is None:
        return
    if before:
        log.closed.remove_case(before)
    if case.closed:
        log.closed.add_case(now)
        case.times = None  # a closed case is read back if it should return
    elif before and case.node is not None:
        case.times = array("q", map(_at_us, now))


def learn_sorted(log: "LiveLog", events: Iterable[LoggedEvent], tail: CaseHistory | None, upto: int, left: int) -> None:
    """See :meth:`LiveLog.learn_sorted`."""
    if log.cases:
        raise ValueError("only an empty log can learn a sorted one")
    for seq, name, activity, at_us, received_at_us in events:
        log.numbers.setdefault(activity, len(log.numbers))
        case = log.cases.get(name)
        if case is None:
            begin(log, name, seq, activity, at_us, received_at_us)
            continue
        if at_us < case.last_at_us:
            raise ValueError(f"event {seq} of case {name!r} is not in the order of time")
        log.standing.append(case, activity, at_us)
        case.received_at_us = max(case.received_at_us, received_at_us)
        case.seq = max(case.seq, seq)
    log.seq = max((case.seq for case in log.cases.values()), default=0)
    log.seq = max(log.seq, upto)
    log.memory.left = left
    log.newest_received_us = max((case.received_at_us for case in log.cases.values()), default=-NEVER_US)
    for name, case in log.cases.items():
        if log.is_closed(case.activity, case.received_at_us):
            steps = () if log.closed is None else history.whole(name, case, tail, log.seq + 1)
            close(log, name, case, steps, log.newest_received_us)
        else:
            log.idle.add(name, case)
        log.memory.watch(name, case)
    log.advance(tail, log.newest_received_us, log.seq + 1)


def begin(log: "LiveLog", name: str, seq: int, activity: str, at_us: int, received_at_us: int) -> Case:
    case = log.cases[name] = Case(log.tree.root, at_us, received_at_us, seq)
    if log.closed is not None:
        case.times = array("q")
    if log.track_pairs:
        case.profile = Profile(at_us)
    log.standing.begin(case, activity)
    return case


def watch(log: "LiveLog", name: str, case: Case) -> None:
    """Have an eye on the silence of a case that came in."""
    log.memory.watch(name, case)
    if not case.closed:
        log.idle.add(name, case)
    log.watch_clock()


def close(log: "LiveLog", name: str, case: Case, steps: history.Steps, now_us: int) -> None:
    """Let an open case be closed, that has done ``steps`` (only asked for where closed ones are counted)."""
    log.standing.close(case)
    if log.closed is not None:
        _recount_closed(log, case, before=(), now=steps)
    if log.journal is not None:
        log.journal.transition("closed", name, now_us)
