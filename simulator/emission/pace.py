"""Pacing: events leave evenly spaced at the load's rate, without drift and without bursts."""

import time
from collections.abc import Callable, Iterator, Sequence
from math import ceil
from typing import Protocol, TypeVar

from simulator.emission.load import Load
from simulator.errors import StoppedError

T = TypeVar("T")

TICK_S = 1.0
TIMER_S = 0.010  # how late a timer may be before its events are spread out again
CATCH_UP = 1.25  # events that are late leave at most this much faster than the load
FORGET_S = 1.0  # what is later than this is not made up for: the machine cannot keep up
COMPLAIN_S = 10.0  # at most one complaint in this time
NAP_S = 0.1  # longest sleep before looking whether to stop
IDLE_S = 0.05  # a wait longer than this is a chance for sinks to write out what they hold


class Clock(Protocol):
    """Real time in seconds; tests bring their own."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Schedule:
    """When events are due, in seconds from the start.

    Event n is due when the load, summed up over time, reaches n: the first at once, then one every 1/load
    seconds, also where the load is below one a second or changes from tick to tick. Each tick is computed from
    its own beginning, so nothing drifts.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._missing = 0.0  # part of an event that has to add up before the next is due
        self._tick = 0
        self._sent = 0
        self._enter_next_tick(due=0, rate=0.0)

    @property
    def rate(self) -> float:
        """Events per second asked for in the present tick."""
        return self._rate

    def next(self) -> tuple[float, bool]:
        """The next moment, and whether an event is due then; if not, a tick ends there."""
        if self._missing + self._sent < self._rate:
            at_s = self._begin_s + (self._missing + self._sent) / self._rate
            self._sent += 1
            return at_s, True
        self._enter_next_tick(due=self._sent, rate=self._rate)
        return self._begin_s, False

    def skip_to(self, at_s: float) -> None:
        """Forget what is due before ``at_s``, in a time that does not depend on how much that is."""
        while self._begin_s + TICK_S <= at_s:
            self._enter_next_tick(due=max(0, ceil(self._rate - self._missing)), rate=self._rate)
        self._sent = max(self._sent, ceil((at_s - self._begin_s) * self._rate - self._missing))

    def _enter_next_tick(self, *, due: int, rate: float) -> None:
        self._missing += due - rate * TICK_S
        self._begin_s = self._tick * TICK_S
        self._tick += 1
        self._rate = max(0.0, self._load.at_tick(self._tick))
        self._sent = 0


class Gate:
    """Lets events pass at the moments that are asked for, in seconds since the gate was made.

    Late events (a timer that overslept, a broker that paused) are made up for gently: at most ``CATCH_UP`` times
    as fast as asked, so the mean rate holds and no burst follows. Lateness beyond ``FORGET_S`` is written off and
    said. ``idle`` is called before a sleep that is long enough to write out what is held back.
    """

    def __init__(
        self, *, clock: Clock, say: Callable[[str], None], stopped: Callable[[], bool], idle: Callable[[], None]
    ) -> None:
        self._clock, self._say, self._stopped, self._idle = clock, say, stopped, idle
        self._origin_s = clock.monotonic()
        self.written_off_s = 0.0  # of the event that passed last: whoever asks moves what follows by so much
        self._due_s = 0.0  # when the event before this one was due, and when it was let go
        self._planned_s = 0.0
        self._passed = 0
        self._complained_s = float("-inf")
        self._counted_from_s, self._counted_from = 0.0, 0

    @property
    def now_s(self) -> float:
        """Seconds since the gate was made."""
        return self._clock.monotonic() - self._origin_s

    def let_pass(self, due_s: float, *, asked_per_s: float) -> bool:
        """Sleep until an event that is due at ``due_s`` may leave; False as soon as ``stopped`` says so."""
        now_s = self.now_s
        planned_s = max(due_s, self._planned_s + (due_s - self._due_s) / CATCH_UP)
        if now_s - planned_s > TIMER_S:
            planned_s = now_s
        self.written_off_s = planned_s - due_s if planned_s - due_s > FORGET_S else 0.0
        if self.written_off_s:
            self._complain(now_s, asked_per_s)
        self._due_s, self._planned_s = due_s + self.written_off_s, planned_s
        if not self.sleep_until(planned_s):
            return False
        self._passed += 1
        return True

    def _complain(self, now_s: float, asked_per_s: float) -> None:
        if now_s - self._complained_s < COMPLAIN_S:
            return
        rate = (self._passed - self._counted_from) / max(now_s - self._counted_from_s, TIMER_S)
        self._say(f"cannot keep up: asked for {asked_per_s:,.10g} events/s, sending about {rate:,.4g}/s")
        self._complained_s = self._counted_from_s = now_s
        self._counted_from = self._passed

    def sleep_until(self, at_s: float) -> bool:
        """Sleep, and let no event pass; False as soon as ``stopped`` says so."""
        told = False
        while not self._stopped():
            left_s = self._origin_s + at_s - self._clock.monotonic()
            if left_s <= 0:
                return True
            if left_s > IDLE_S and not told:
                told = True
                self._idle()
            self._clock.sleep(min(left_s, NAP_S))
        return False


class Pacer:
    """Says when the next event of a load may leave."""

    def __init__(self, load: Load, gate: Gate) -> None:
        self._schedule = Schedule(load)
        self._gate = gate

    def wait(self) -> bool:
        """Sleep until the next event may leave; False when the run is stopped."""
        while True:
            due_s, is_event = self._schedule.next()
            if not is_event:  # silent ticks are slept through one by one
                if not self._gate.sleep_until(due_s):
                    return False
                continue
            if not self._gate.let_pass(due_s, asked_per_s=self._schedule.rate):
                return False
            if self._gate.written_off_s:
                self._schedule.skip_to(due_s + self._gate.written_off_s)
            return True


class Player:
    """Plays timeframes one after another: n events evenly over the length of theirs, an empty one as silence.

    Nothing is left out: where lateness is written off, all that follows moves.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._begin_s = gate.now_s
        self.late_s = 0.0  # of the event that left last
        self.written_off_s = 0.0  # in all

    def wait(self) -> None:
        """Sleep until the next timeframe may begin; raises StoppedError when the run is stopped."""
        if not self._gate.sleep_until(self._begin_s):
            raise StoppedError

    def resume(self) -> None:
        """There was nothing to play: the next timeframe begins now."""
        self._begin_s = max(self._begin_s, self._gate.now_s)

    def play(self, events: Sequence[T], length_s: float) -> Iterator[T]:
        """Each event when it may leave; raises StoppedError when the run is stopped."""
        for number, event in enumerate(events):
            due_s = self._begin_s + number * length_s / len(events)
            if not self._gate.let_pass(due_s, asked_per_s=len(events) / length_s):
                raise StoppedError
            self._begin_s += self._gate.written_off_s
            self.written_off_s += self._gate.written_off_s
            self.late_s = max(0.0, self._gate.now_s - due_s)
            yield event
        self._begin_s += length_s
