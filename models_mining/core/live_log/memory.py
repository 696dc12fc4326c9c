"""Which cases a live log stands for: all of them, or those with the newest activity. A case is in or out as a whole."""

import heapq
from collections.abc import Iterable
from typing import TYPE_CHECKING

from models_mining.core.counting.pairs import Profile
from models_mining.core.live_log import history
from models_mining.core.live_log.cases import Beyond, Case
from models_mining.core.live_log.idle import NEVER_US
from models_mining.core.live_log.logged_event import CaseHistory, HistoryError, LoggedEvent, Reader

if TYPE_CHECKING:
    from models_mining.core.live_log.live_log import LiveLog


class Memory:
    """The newest cases: at most ``cases`` of them, none silent for ``last_us`` or more; None: no such bound.

    How new a case is tells (greatest arrival, greatest number) of its events. A heap holds for each case that is in
    what it was some time ago; the top is brought up to date when it is looked at. So an event of a case that is in
    costs nothing here, and one that lets another leave costs the length of that case.
    """

    def __init__(self, cases: int | None = None, last_us: int | None = None) -> None:
        self.cases = cases
        self.last_us = last_us
        self.bounded = cases is not None or last_us is not None
        self.left = 0  # cases that are out
        self.due_us = NEVER_US  # no case leaves for its silence before the clock shows this
        self._heap: list[tuple[int, int, str]] = []

    def watch(self, name: str, case: Case) -> None:
        """Take up a case that came in."""
        if self.bounded:
            heapq.heappush(self._heap, (case.received_at_us, case.seq, name))
            self._set_due()

    def oldest(self, log: "LiveLog") -> tuple[int, int, str]:
        """The case that would leave first: its newest arrival, its number, its name. There must be one."""
        heap = self._heap
        while True:
            name = heap[0][2]
            case = log.cases[name]
            now = (case.received_at_us, case.seq, name)
            if heap[0] == now:
                return now
            heapq.heapreplace(heap, now)
            self._set_due()

    def drop_oldest(self) -> None:
        """Let go of what :meth:`oldest` answered."""
        heapq.heappop(self._heap)
        self.left += 1
        self._set_due()

    def has_no_room_for(self, log: "LiveLog", received_at_us: int, seq: int) -> bool:
        """Is a case out that was last heard of so, and is not in yet?"""
        if self.last_us is not None and log.newest_received_us - received_at_us >= self.last_us:
            return True
        return self.cases is not None and len(log.cases) >= self.cases and self.oldest(log)[:2] > (received_at_us, seq)

    def _set_due(self) -> None:
        self.due_us = self._heap[0][0] + self.last_us if self._heap and self.last_us is not None else NEVER_US

    def __str__(self) -> str:
        kept = []
        if self.cases is not None:
            kept.append(f"the {self.cases} cases heard of last")
        if self.last_us is not None:
            kept.append(f"cases heard of in the last {self.last_us / 10**6:g} s")
        return " and ".join(kept) or "all cases"


def settle(log: "LiveLog", tail: CaseHistory | None, now_us: int, before_seq: int, *, room: int = 0) -> None:
    """Let the cases leave that are out when the clock shows ``now_us``, and as many that ``room`` more would fit in."""
    memory = log.memory
    while memory.due_us <= now_us and now_us - memory.oldest(log)[0] >= (memory.last_us or 0):
        _leave(log, tail, before_seq)
    while memory.cases is not None and len(log.cases) + room > memory.cases:
        _leave(log, tail, before_seq)


def _leave(log: "LiveLog", tail: CaseHistory | None, before_seq: int) -> None:
    name = log.memory.oldest(log)[2]
    case = log.cases[name]
    steps = history.whole(name, case, tail, before_seq)
    log.standing.remove(case, steps)
    if case.closed and log.closed is not None:
        log.closed.remove_case(steps)
    log.memory.drop_oldest()
    del log.cases[name]
    if log.journal is not None:
        log.journal.leave(name, case)


def admit(log: "LiveLog", event: LoggedEvent, tail: CaseHistory | None) -> tuple[Case | None, bool]:
    """Make room for the case of ``event``, which is not in. Answers the case as it was before, None if it is new;
    and whether it is in with this event."""
    heard_us = None
    if log.memory.left:
        if not isinstance(tail, Reader):
            raise HistoryError(f"{log.memory.left} cases are out: when {event.case!r} was heard of must be read")
        heard_us = tail.heard(event.case, event.seq)
    received_at_us = event.received_at_us if heard_us is None else max(heard_us, event.received_at_us)
    if log.memory.has_no_room_for(log, received_at_us, event.seq):
        _note(log, event, tail, heard_us)
        log.memory.left += heard_us is None
        return None, False
    settle(log, tail, log.newest_received_us, event.seq, room=1)
    if heard_us is None:
        return None, True
    steps = _read(event, tail)
    case = log.cases[event.case] = Case(log.tree.root, steps[0][1], heard_us, event.seq)
    if log.track_pairs:
        case.profile = Profile(case.started_at_us)
    log.standing.begin(case, steps[0][0])
    for activity, at_us in steps[1:]:
        log.standing.append(case, activity, at_us)
    if log.is_closed(case.activity, heard_us):
        log.standing.close(case)
        if log.closed is not None:
            log.closed.add_case(steps)
    log.memory.left -= 1
    log.memory.watch(event.case, case)
    if not case.closed:
        log.idle.add(event.case, case)
    return case, True


def _read(event: LoggedEvent, tail: CaseHistory | None) -> history.Steps:
    steps = tail(event.case, None, event.seq) if tail is not None else ()
    if not steps:
        raise HistoryError(f"the earlier events of case {event.case!r} are needed, and were not found")
    return steps


def _note(log: "LiveLog", event: LoggedEvent, tail: CaseHistory | None, heard_us: int | None) -> None:
    """Tell the journal of an event of a case that is out and stays so; nothing is counted of it."""
    if log.journal is None:
        return
    steps = [] if heard_us is None else [*_read(event, tail)]
    steps.append((event.activity, event.at_us))
    steps.sort(key=lambda step: step[1])
    case = Case(None, steps[0][1], max(event.received_at_us, heard_us or event.received_at_us), event.seq)
    case.beyond = Beyond(steps[-2][0] if len(steps) > 1 else "", steps[-1][0], len(steps))
    case.last_at_us = steps[-1][1]
    case.closed = log.is_closed(case.activity, case.received_at_us)
    if heard_us is None:
        log.journal.transition("started", event.case, log.newest_received_us)
    log.journal.leave(event.case, case)


def cases_in(events: Iterable[LoggedEvent], cases: int | None = None, last_us: int | None = None) -> set[str]:
    """The cases that are in after ``events`` (in any order), found without a live log: what audits compare with."""
    newest: dict[str, tuple[int, int]] = {}
    for event in events:
        received_at_us, seq = newest.get(event.case, (event.received_at_us, event.seq))
        newest[event.case] = max(received_at_us, event.received_at_us), max(seq, event.seq)
    names = sorted(newest, key=newest.__getitem__, reverse=True)[:cases]
    if last_us is not None and names:
        clock_us = newest[names[0]][0]
        names = [name for name in names if clock_us - newest[name][0] < last_us]
    return set(names)
