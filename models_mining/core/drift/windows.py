"""A window of counts in buckets that grow exponentially with age: what adaptive windowing remembers."""

from typing import Any, NamedTuple

import numpy as np

PER_LEVEL = 8  # buckets of one size: the more, the finer the places at which a change can be seen to begin


class Mark(NamedTuple):
    """A place in a log: an event's number, its time and its arrival (µs since 1970)."""

    seq: int
    at_us: int
    received_at_us: int


class Moments:
    """Number, sum and sum of squares of some values."""

    __slots__ = ("n", "squares", "total")

    def __init__(self, n: int = 0, total: float = 0.0, squares: float = 0.0) -> None:
        self.n, self.total, self.squares = n, total, squares

    def add(self, value: float) -> None:
        """Count a value."""
        self.n += 1
        self.total += value
        self.squares += value * value

    @property
    def mean(self) -> float:
        """Of at least one value."""
        return self.total / self.n

    def plus(self, other: "Moments") -> "Moments":
        """Of both."""
        return Moments(self.n + other.n, self.total + other.total, self.squares + other.squares)

    def to_state(self) -> list[float]:
        """Three numbers."""
        return [self.n, self.total, self.squares]

    @classmethod
    def from_state(cls, data: list[float]) -> "Moments":
        """What :meth:`to_state` told."""
        return cls(int(data[0]), float(data[1]), float(data[2]))


class Bucket(NamedTuple):
    """Counts by number of what is counted, and the moments of some values, up to ``end``; 2**level blocks of them."""

    counts: Any  # numpy array of integers; what came later than the bucket it does not know
    values: Moments
    end: Mark
    level: int = 0


class Window:
    """Buckets, oldest first: at most :data:`PER_LEVEL` of each size, so they are logarithmically many.

    Source: exponential histograms, Datar, Gionis, Indyk, Motwani: SIAM J. Computing 31(6), 2002, as in ADWIN2.
    """

    def __init__(self) -> None:
        self.buckets: list[Bucket] = []

    def add(self, bucket: Bucket) -> None:
        """Add the newest block; where there are too many of one size, the oldest two of it become one."""
        self.buckets.append(bucket)
        place = len(self.buckets)
        level = 0
        while True:
            begin = place
            while begin and self.buckets[begin - 1].level == level:
                begin -= 1
            if place - begin <= PER_LEVEL:
                return
            old, new = self.buckets[begin : begin + 2]
            counts = np.zeros(max(len(old.counts), len(new.counts)), np.int64)
            for part in (old.counts, new.counts):
                counts[: len(part)] += part
            self.buckets[begin : begin + 2] = [Bucket(counts, old.values.plus(new.values), new.end, level + 1)]
            place, level = begin + 1, level + 1

    def counts(self, width: int) -> tuple[Any, Any]:
        """Counts before and after each place between two buckets: a row a place."""
        rows = np.zeros((len(self.buckets), width), np.int64)
        for row, bucket in zip(rows, self.buckets, strict=True):
            row[: len(bucket.counts)] = bucket.counts
        return _sides(rows)

    def moments(self) -> tuple[Any, Any]:
        """Number, sum and squares (rows) of the values before and after each place between two buckets (columns)."""
        rows = np.array([bucket.values.to_state() for bucket in self.buckets])
        before, after = _sides(rows)
        return before.T, after.T

    def to_state(self) -> list[Any]:
        """Plain lists and numbers."""
        return [[b.level, list(b.end), b.values.to_state(), b.counts.tolist()] for b in self.buckets]

    @classmethod
    def from_state(cls, data: list[Any]) -> "Window":
        """What :meth:`to_state` told."""
        made = cls()
        for level, end, values, counts in data:
            made.buckets.append(Bucket(np.array(counts, np.int64), Moments.from_state(values), Mark(*end), int(level)))
        return made


def _sides(rows: Any) -> tuple[Any, Any]:
    summed = np.cumsum(rows, axis=0)
    return summed[:-1], summed[-1] - summed[:-1]
