"""What a live log does off the beaten path: cases that begin, close, reopen, come late; and a whole log at once."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from operator import itemgetter
from typing import TYPE_CHECKING

from models_mining.core import forgetting, history, memory
from models_mining.core.cases import Case
from models_mining.core.idle import NEVER_US
from models_mining.core.pairs import Profile
from models_mining.core.seen import Seen, Tail

if TYPE_CHECKING:
    from models_mining.core.live_log import LiveLog

_at_us = itemgetter(1)


def learn_unusual(log: "LiveLog", event: Seen, case: Case | None, tail: Tail | None) -> None:
    """Learn an event that begins, closes or reopens a case, comes late, or goes where none has gone before."""
    seq, name, activity, at_us, received_at_us = event
    if case is None:
        case, is_in = _find(log, event, tail)
        if not is_in:
            log.numbers.setdefault(activity, len(log.numbers))
            log.seq = max(log.seq, seq)
            return
    late = case is not None and at_us < case.last_at_us
    was_closed = case is not None and case.closed
    closes = log.is_closed(
        case.activity if case is not None and late else activity,
        received_at_us if case is None else max(received_at_us, case.received_at_us),
    )
    steps: history.Steps = ()  # what the case did before, as far as that is needed
    if case is not None and log.closed is not None and (was_closed or closes):
        steps = history.whole(name, case, tail, seq)
    elif case is not None and late:
        steps = history.since(name, case, tail, at_us, seq)

    # So far nothing has changed, and from here on nothing is read.
    log.numbers.setdefault(activity, len(log.numbers))
    if case is None:
        case = _begin(log, name, seq, at_us, received_at_us)
        log.memory.watch(name, case)
    else:
        log.standing.lift(case)
    place = bisect_right(steps, at_us, key=_at_us)
    source = stood = case.activity
    if late:
        source = steps[place - 1][0] if place else ""
        log.standing.insert(case, steps, place, (activity, at_us))
    else:
        log.standing.append(case, activity, at_us)
    case.closed = closes
    case.received_at_us = max(case.received_at_us, received_at_us)
    case.seq = max(case.seq, seq)
    log.seq = max(log.seq, seq)
    log.standing.put(case)
    if log.closed is not None:
        now = [*steps[:place], (activity, at_us), *steps[place:]]
        _recount_closed(log, case, before=steps if was_closed else (), now=now)
    if not closes:
        log.idle.add(name, case)
    log.watch_clock()
    log.tell(name, source, stood, activity, at_us)
    if log.journal is not None:
        if case.length == 1:
            log.journal.transition("started", name, log.newest_received_us)
        if closes != was_closed:
            log.journal.transition("closed" if closes else "reopened", name, log.newest_received_us)


def _find(log: "LiveLog", event: Seen, tail: Tail | None) -> tuple[Case | None, bool]:
    """A case that is not in memory, as it was before ``event`` (None: new); and whether it is in with it."""
    if log.memory.bounded:
        return memory.admit(log, event, tail)
    return (forgetting.recall(log, event, tail) if log.forgotten else None), True


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


def learn_sorted(log: "LiveLog", events: Iterable[Seen], tail: Tail | None, upto: int, left: int) -> None:
    """See :meth:`LiveLog.learn_sorted`."""
    if log.cases:
        raise ValueError("only an empty log can learn a sorted one")
    append = log.standing.append
    for seq, name, activity, at_us, received_at_us in events:
        case = log.cases.get(name) or _begin(log, name, seq, at_us, received_at_us)
        if at_us < case.last_at_us:
            raise ValueError(f"event {seq} of case {name!r} is not in the order of time")
        log.numbers.setdefault(activity, len(log.numbers))
        append(case, activity, at_us)
        case.received_at_us = max(case.received_at_us, received_at_us)
        case.seq = max(case.seq, seq)
    log.seq = max((case.seq for case in log.cases.values()), default=0)
    log.seq = max(log.seq, upto)
    log.memory.left = left
    log.newest_received_us = max((case.received_at_us for case in log.cases.values()), default=-NEVER_US)
    for name, case in log.cases.items():
        log.standing.put(case)
        if log.is_closed(case.activity, case.received_at_us):
            close(log, name, case, tail, log.seq + 1)
        else:
            log.idle.add(name, case)
        log.memory.watch(name, case)
    log.advance(tail, log.newest_received_us, log.seq + 1)


def _begin(log: "LiveLog", name: str, seq: int, at_us: int, received_at_us: int) -> Case:
    case = log.cases[name] = Case(log.tree.root, at_us, received_at_us, seq)
    if log.closed is not None:
        case.times = array("q")
    if log.track_pairs:
        case.profile = Profile(at_us)
    return case


def close(log: "LiveLog", name: str, case: Case, tail: Tail | None, before_seq: int) -> None:
    steps = () if log.closed is None else history.whole(name, case, tail, before_seq)
    log.standing.lift(case)
    case.closed = True
    log.standing.put(case)
    _recount_closed(log, case, before=(), now=steps)
