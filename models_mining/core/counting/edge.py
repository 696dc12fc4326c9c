"""How often one activity directly followed another, and after how long."""

from array import array
from operator import mul
from typing import NamedTuple

import numpy as np

from models_mining.core.counting.sketch import Sketch

FRESH = 2048  # durations an edge takes down before it folds them in: 16 KiB
_FEW = 48  # a loop is faster for fewer
_HALF = 25
_LARGE_US = 1 << (2 * _HALF)  # 35 years: up to here products of halves of FRESH durations add up within 64 bits


class Durations(NamedTuple):
    """In seconds; total and mean are exact, the others within
    :data:`models_mining.core.counting.sketch.RELATIVE_ERROR`."""

    total_s: float
    mean_s: float
    median_s: float
    p95_s: float
    min_s: float
    max_s: float


class Edge:
    """How often one activity directly followed another, and after how long (integer µs, so sums are exact).

    What is counted is only taken down, in ``fresh``, and folded into the sums and the sketch when these are read or
    there are :data:`FRESH` of it: many at once cost a tenth of what they cost one by one. Who reads never sees that.
    """

    __slots__ = ("_count", "_sketch", "_squares_us2", "_sum_us", "_summary", "fresh")

    def __init__(self, count: int = 0, sum_us: int = 0, squares_us2: int = 0, sketch: Sketch | None = None) -> None:
        self._count = count
        self._sum_us = sum_us
        self._squares_us2 = squares_us2
        self._sketch = Sketch() if sketch is None else sketch
        self._summary: Durations | None = None  # what `durations` last found; None: changed since
        self.fresh = array("q")

    @property
    def count(self) -> int:
        """How often."""
        return self._count + len(self.fresh)

    @property
    def sum_us(self) -> int:
        """Sum of the durations."""
        self.fold()
        return self._sum_us

    @property
    def squares_us2(self) -> int:
        """Sum of their squares."""
        self.fold()
        return self._squares_us2

    @property
    def sketch(self) -> Sketch:
        """Their distribution."""
        self.fold()
        return self._sketch

    def add(self, after_us: int) -> None:
        """Count one more, that took ``after_us``."""
        self.fresh.append(after_us)
        if len(self.fresh) >= FRESH:
            self.fold()

    def fold(self) -> None:
        """Add what was taken down to the rest."""
        fresh = self.fresh
        if not fresh:
            return
        sum_us, squares_us2 = _sums(fresh)
        self._count += len(fresh)
        self._sum_us += sum_us
        self._squares_us2 += squares_us2
        self._sketch.add_all(fresh)
        self._summary = None
        del fresh[:]

    def remove(self, after_us: int) -> None:
        """Take one out again."""
        self.sketch.remove(after_us)
        self._count -= 1
        self._sum_us -= after_us
        self._squares_us2 -= after_us * after_us
        self._summary = None

    def merge(self, other: "Edge") -> None:
        """Add all that ``other`` counted."""
        self.sketch.merge(other.sketch)
        self._count += other.count
        self._sum_us += other.sum_us
        self._squares_us2 += other.squares_us2
        self._summary = None

    def durations(self) -> Durations:
        """How long it took; computed once per change."""
        self.fold()
        if self._summary is None:
            seconds = [us / 10**6 for us in self._sketch.quantiles((0.5, 0.95, 0, 1))]
            self._summary = Durations(self._sum_us / 10**6, self._sum_us / (self._count * 10**6), *seconds)
        return self._summary


def _sums(durations: "array[int]") -> tuple[int, int]:
    """Their exact sum, and that of their squares."""
    if len(durations) >= _FEW:
        us = np.array(durations)
        if us.max() < _LARGE_US:
            high, low = us >> _HALF, us & ((1 << _HALF) - 1)
            squares = (int(high @ high) << 2 * _HALF) + (int(high @ low) << _HALF + 1) + int(low @ low)
            return int(us.sum()), squares
    return sum(durations), sum(map(mul, durations, durations))
