"""What an event costs, counted in steps of the interpreter: no clock, so no noise."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from models_mining.core.live_log import Journal, LiveLog, LoggedEvent
from tests.models_mining.core.strategies import Stored, fed

HOUR_US = 3_600 * 10**6


def steps_of(action: Callable[[], object]) -> int:
    """How many bytecode instructions ``action`` runs."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys._getframe().f_trace_opcodes = True  # since Python 3.12 no frame is asked for its opcodes unless one is by now
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)
    assert count
    return count


def endless(seq: int, cases: int = 20) -> LoggedEvent:
    """The same behaviour for ever: cases of five steps, one after another, ``cases`` at a time."""
    turn, lane = divmod(seq, cases)
    return LoggedEvent(seq, f"case {turn // 5}.{lane}", "abcde"[turn % 5], seq * 10**6, seq * 10**6)


@pytest.mark.parametrize("setup", [{}, {"end_activities": {"e"}, "idle_close_us": HOUR_US, "track_closed": True}])
def test_an_event_costs_no_more_after_many_than_after_few(setup: dict[str, Any]) -> None:
    log = LiveLog(**setup)
    log.journal = Journal()

    def round_of(first: int) -> int:
        """The steps of a hundred events, one of every kind of each case."""
        return steps_of(lambda: fed(log, map(endless, range(first, first + 100)), Stored()))

    fed(log, map(endless, range(5_000)), Stored())  # more than an hour: the first cases have been looked at for silence
    log.journal.drain()
    early = round_of(5_000)
    fed(log, map(endless, range(5_100, 25_000)), Stored())
    log.journal.drain()
    assert round_of(25_000) <= early * 1.01


def test_memory_follows_behaviour_not_events() -> None:
    log = LiveLog(end_activities={"e"}, idle_close_us=HOUR_US, track_closed=True)

    def size() -> tuple[int, ...]:
        buckets = sum(len(edge.sketch.buckets) for edge in log.directly_follows.values())
        times = sum(case.times is not None for case in log.cases.values())
        return (log.tree.size, len(log.directly_follows), len(log.all.triples), buckets, times)

    fed(log, map(endless, range(1_000)), Stored())
    early = size()
    fed(log, map(endless, range(1_000, 11_000)), Stored())
    assert size() == early


def test_a_late_event_costs_as_much_as_its_case_has_events_after_it() -> None:
    events = [LoggedEvent(seq, "c", "ab"[seq % 2], seq * 10**6, seq) for seq in range(1, 401)]

    def cost_at(place: int) -> int:
        log = fed(LiveLog(), events, Stored())
        late = LoggedEvent(401, "c", "x", place * 10**6, 401)
        answer = Stored(events).tail("c", late.at_us, late.seq)
        return steps_of(lambda: log.learn_one(late, lambda *_: answer))

    near_the_end, in_the_middle, at_the_beginning = cost_at(399), cost_at(200), cost_at(0)
    assert near_the_end * 20 < in_the_middle
    assert at_the_beginning == pytest.approx(2 * in_the_middle, rel=0.05)
