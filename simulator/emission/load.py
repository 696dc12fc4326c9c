"""Rates over time: the value of tick k = 1, 2, 3, …; in ``stream`` a tick is a second, the value events per second."""

from dataclasses import dataclass
from math import pi, sin
from typing import Protocol


class Load(Protocol):
    """How much is asked for, tick by tick. A value below 0 counts as 0."""

    def at_tick(self, k: int) -> float: ...


@dataclass(frozen=True, slots=True)
class ConstantLoad:
    load: float

    def at_tick(self, k: int) -> float:
        return self.load


@dataclass(frozen=True, slots=True)
class GradualLoad:
    """A straight way from ``minimal_load`` to ``load``, reached at tick ``tick_count`` and kept.

    It may also fall. The first value is one step away from ``minimal_load``.
    """

    tick_count: float
    minimal_load: float
    load: float

    def at_tick(self, k: int) -> float:
        if k >= self.tick_count:
            return self.load
        return self.minimal_load + (self.load - self.minimal_load) * k / self.tick_count


@dataclass(frozen=True, slots=True)
class SinusLoad:
    """A wave around ``mean``; ``phase`` is half a period, in ticks."""

    mean: float
    amplitude: float
    phase: float

    def at_tick(self, k: int) -> float:
        return self.mean + self.amplitude * sin(k * pi / self.phase)
