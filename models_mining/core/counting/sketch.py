"""Quantiles of durations, in little memory and with values that can be taken out again."""

from array import array
from collections.abc import Iterable

import numpy as np

_BITS = 6  # 2**6 buckets per doubling: half a bucket is at most 1/128 of the value in it
_EXACT = 1 << (_BITS + 1)  # below this every integer has a bucket of its own
_MANY = 48  # fewer are faster one by one
_WHOLE = 1 << 53  # below this a float is an integer's exact self

RELATIVE_ERROR = 1 / _EXACT
"""No value in a sketch is off by more than this share of itself (0.79 %); zero is exact."""


class Sketch:
    """Counts of durations (integer microseconds, not negative) in buckets that grow with the duration.

    A bucket's place comes from the value's highest bits alone, without a floating-point logarithm: the same on
    every machine, so that what was added on one can be removed on another.

    Source: Masson, Rim, Lee: DDSketch, PVLDB 12(12), 2019, with linearly interpolated logarithms.

    >>> sketch = Sketch()
    >>> for us in (0, 0, 90, 1_000_000):
    ...     sketch.add(us)
    >>> sketch.quantile(0.5)
    45.0
    """

    __slots__ = ("buckets",)

    def __init__(self, buckets: dict[int, int] | None = None) -> None:
        self.buckets: dict[int, int] = {} if buckets is None else buckets

    def add(self, us: int, times: int = 1) -> None:
        """Count ``us`` ``times`` more."""
        if us >= _EXACT:
            shift = us.bit_length() - (_BITS + 1)
            us = (shift << _BITS) + (us >> shift)
        buckets = self.buckets
        buckets[us] = buckets.get(us, 0) + times

    def add_all(self, durations: "array[int]") -> None:
        """Count all of ``durations``: the same as one by one, and faster where they are many."""
        if len(durations) < _MANY or (us := np.array(durations)).max() >= _WHOLE:
            for one in durations:
                self.add(one)
            return
        shift = np.maximum(np.frexp(us)[1] - (_BITS + 1), 0)
        counts = np.bincount((shift << _BITS) + (us >> shift))
        places = np.flatnonzero(counts)
        buckets = self.buckets
        for bucket, count in zip(places.tolist(), counts[places].tolist(), strict=True):
            buckets[bucket] = buckets.get(bucket, 0) + count

    def remove(self, us: int, times: int = 1) -> None:
        """Take ``us`` out again. A value that was never added is a ValueError."""
        bucket = bucket_of(us)
        left = self.buckets.get(bucket, 0) - times
        if left < 0:
            raise ValueError(f"{us} µs was not added {times} times, so it cannot be removed")
        if left:
            self.buckets[bucket] = left
        else:
            self.buckets.pop(bucket, None)

    def merge(self, other: "Sketch") -> None:
        """Add all values of ``other``: the same as having added them here."""
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count

    def quantile(self, q: float) -> float:
        """The ``q``-quantile in microseconds; see :meth:`quantiles`."""
        return self.quantiles((q,))[0]

    def quantiles(self, qs: Iterable[float]) -> list[float]:
        """Quantiles as numpy and pandas define them: linear between the two nearest ranks.

        Each is off by at most ``RELATIVE_ERROR`` of itself, because both neighbours are and neither is negative.
        An empty sketch is a ValueError.
        """
        ordered = sorted(self.buckets.items())
        last = sum(self.buckets.values()) - 1
        if last < 0:
            raise ValueError("an empty sketch has no quantiles")
        found = []
        for q in qs:
            low, part = divmod(q * last, 1)
            value = _ranked(ordered, int(low))
            if part:
                value += part * (_ranked(ordered, int(low) + 1) - value)
            found.append(value)
        return found


def bucket_of(us: int) -> int:
    """The number of the bucket that holds ``us``; it grows with ``us``."""
    if us < _EXACT:
        return us
    shift = us.bit_length() - (_BITS + 1)
    return (shift << _BITS) + (us >> shift)


def value_of(bucket: int) -> float:
    """The middle of a bucket, in microseconds."""
    if bucket < _EXACT:
        return float(bucket)
    shift = (bucket >> _BITS) - 1
    return ((bucket - (shift << _BITS)) << shift) + ((1 << shift) - 1) / 2


def _ranked(ordered: list[tuple[int, int]], rank: int) -> float:
    """The value with ``rank`` smaller or equal ones before it."""
    for bucket, count in ordered:
        rank -= count
        if rank < 0:
            return value_of(bucket)
    return value_of(ordered[-1][0])
