"""How long open cases will go on, from how long closed ones still took at the same place."""

import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from models_mining.core.counting.sketch import Sketch, bucket_of, value_of

SUPPORT = 20  # cases a context has to know before it is asked
MAX_CONTEXTS = 5_000  # of each kind; later ones lean on shorter ones from the beginning
LOW, HIGH = 0.1, 0.9
"""Quantiles that bound the interval: four of five cases should end in it."""

_BITS = 5  # of a duration: values are off by at most 1/32, and a sketch stays small

Context = str | int
Step = tuple[str, int]


class Remaining(NamedTuple):
    """In µs, from now on: the median, and the 10 and 90 % quantiles; of so many closed cases' places."""

    median_us: float
    low_us: float
    high_us: float
    support: int


class RemainingTimes:
    """Remaining durations by context: the whole beginning of the case, its last two activities, its last one, any.

    Cases are learnt whole when they close, and taken out whole when they go on after all.

    >>> times = RemainingTimes()
    >>> for _ in range(20):
    ...     times.learn([("register", 0), ("pay", 1024)], 1)
    >>> round(times.after(["register"], 0).median_us, -2)
    1100.0
    """

    def __init__(self) -> None:
        self._kinds: tuple[dict[Context, Sketch], ...] = ({}, {}, {}, {})  # longest first
        self._totals: dict[str, list[int]] = {}  # by last activity: number, and sum in µs

    def learn(self, steps: Sequence[Step], times: int = 1) -> None:
        """Count a closed case's (activity, µs), in order; ``times`` -1 takes it out again."""
        end_us = steps[-1][1]
        contexts = _contexts([activity for activity, _ in steps])
        for (activity, at_us), longest_first in zip(steps, contexts, strict=True):
            left_us = end_us - at_us
            value = _rounded(left_us)
            for context, sketches in zip(longest_first, self._kinds, strict=True):
                sketch = sketches.get(context)
                if sketch is None:
                    if len(sketches) >= MAX_CONTEXTS:
                        continue
                    sketch = sketches[context] = Sketch()
                if times > 0:
                    sketch.add(value)
                else:
                    sketch.remove(value)
            total = self._totals.get(activity)
            if total is None:
                if len(self._totals) >= MAX_CONTEXTS:
                    continue
                total = self._totals[activity] = [0, 0]
            total[0] += times
            total[1] += times * left_us

    def after(self, activities: Sequence[str], elapsed_us: int) -> Remaining | None:
        """Of a case that has done ``activities`` and since then nothing for ``elapsed_us``; None: none took so long.

        Only cases that took longer than that count. The longest context with enough of them decides, else the one
        of any place, however few it has.
        """
        contexts = next(_contexts(activities, len(activities) - 1))
        for context, sketches in zip(contexts, self._kinds, strict=True):
            sketch = sketches.get(context)
            found = _quantiles(sketch, elapsed_us, SUPPORT if context else 1) if sketch is not None else None
            if found is not None:
                return found
        return None

    def mean_us(self, activity: str) -> float | None:
        """The mean after ``activity``: the guess an estimate has to beat; None: no closed case did it."""
        number, total_us = self._totals.get(activity, (0, 0))
        return total_us / number if number else None

    def to_state(self) -> dict[str, Any]:
        """All of it as plain lists, numbers and strings."""
        return {
            "kinds": [
                [[context, list(map(list, sketch.buckets.items()))] for context, sketch in sketches.items()]
                for sketches in self._kinds
            ],
            "totals": [[activity, *total] for activity, total in self._totals.items()],
        }

    @classmethod
    def from_state(cls, data: Mapping[str, Any]) -> "RemainingTimes":
        """What :meth:`to_state` told."""
        made = cls()
        for sketches, rows in zip(made._kinds, data["kinds"], strict=True):
            sketches.update({context: Sketch(dict(buckets)) for context, buckets in rows})
        made._totals = {activity: [number, total_us] for activity, number, total_us in data["totals"]}
        return made


def _contexts(activities: Sequence[str], begin: int = 0) -> Iterator[tuple[Context, ...]]:
    """For each place from ``begin`` on its contexts, longest first.

    A beginning is told by its length and a checksum of its activities: the same in every process.
    """
    checksum, before = 0, ""
    for place, activity in enumerate(activities):
        checksum = zlib.crc32(activity.encode() + b"\0", checksum)
        if place >= begin:
            yield (place << 32) + checksum, f"{before}\0{activity}", activity, ""
        before = activity


def _rounded(us: int) -> int:
    shift = max(0, us.bit_length() - _BITS)
    return (us >> shift << shift) + (1 << shift >> 1) if shift else max(0, us)


def _quantiles(sketch: Sketch, elapsed_us: int, least: int) -> Remaining | None:
    """Of the values from ``elapsed_us`` on; None if they are fewer than ``least``."""
    if sum(sketch.buckets.values()) < least:
        return None
    first = bucket_of(elapsed_us)
    longer = sorted(item for item in sketch.buckets.items() if item[0] >= first)
    support = sum(n for _, n in longer)
    if support < least:
        return None
    found = []
    for place in (  # so that the next value lies between the outer two with the probability that they promise
        round((support - 1) / 2),
        max(0, math.floor(LOW * (support + 1) - 1)),
        min(support - 1, math.ceil(HIGH * (support + 1) - 1)),
    ):
        for bucket, n in longer:
            place -= n
            if place < 0:
                found.append(max(0.0, value_of(bucket) - elapsed_us))
                break
    return Remaining(found[0], found[1], found[2], support)
