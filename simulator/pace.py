"""Pacing: events leave evenly spaced at the load's rate, without drift and without bursts."""

import time
from collections.abc import Callable
from math import ceil
from typing import Protocol

from simulator.load import Load

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


class Pacer:
    """Says when the next event may leave.

    Late events (a timer that overslept, a broker that paused) are made up for gently: at most ``CATCH_UP`` times
    the load, so the mean rate holds and no burst follows. Lateness beyond ``FORGET_S`` is written off and said.
    """

    def __init__(self, load: Load, *, clock: Clock, say: Callable[[str], None]) -> None:
        self._clock, self._say = clock, say
        self._schedule = Schedule(load)
        self._origin_s = clock.monotonic()
        self._due_s = 0.0  # when the event before this one was due, and when it was let go
        self._planned_s = 0.0
        self._passed = 0
        self._complained_s = float("-inf")
        self._counted_from_s, self._counted_from = 0.0, 0

    def wait(self, *, stopped: Callable[[], bool], idle: Callable[[], None]) -> bool:
        """Sleep until the next event may leave; False as soon as ``stopped`` says so.

        ``idle`` is called before a sleep that is long enough to write out what is held back.
        """
        while True:
            due_s, is_event = self._schedule.next()
            until_s = self._plan(due_s) if is_event else due_s  # silent ticks are slept through one by one
            if not self._sleep_until(until_s, stopped, idle):
                return False
            if is_event:
                self._passed += 1
                return True

    def _plan(self, due_s: float) -> float:
        now_s = self._clock.monotonic() - self._origin_s
        planned_s = max(due_s, self._planned_s + (due_s - self._due_s) / CATCH_UP)
        if now_s - planned_s > TIMER_S:
            planned_s = now_s
        if planned_s - due_s > FORGET_S:
            self._complain(now_s)
            self._schedule.skip_to(planned_s)
            due_s = planned_s
        self._due_s, self._planned_s = due_s, planned_s
        return planned_s

    def _complain(self, now_s: float) -> None:
        if now_s - self._complained_s < COMPLAIN_S:
            return
        rate = (self._passed - self._counted_from) / max(now_s - self._counted_from_s, TIMER_S)
        self._say(f"cannot keep up: asked for {self._schedule.rate:,.10g} events/s, sending about {rate:,.4g}/s")
        self._complained_s = self._counted_from_s = now_s
        self._counted_from = self._passed

    def _sleep_until(self, at_s: float, stopped: Callable[[], bool], idle: Callable[[], None]) -> bool:
        told = False
        while not stopped():
            left_s = self._origin_s + at_s - self._clock.monotonic()
            if left_s <= 0:
                return True
            if left_s > IDLE_S and not told:
                told = True
                idle()
            self._clock.sleep(min(left_s, NAP_S))
        return False
