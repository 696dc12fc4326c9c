"""What came at any time after what in a case, and how long after: kept only while a model asks for it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

Pair = tuple[str, str]
Steps = Sequence[tuple[str, int]]


class PairMoments:
    """How often one activity came anywhere after another in the same case, and after how long.

    Every two events of a case count once, equal moments too, in the order (at, seq): the eventually-follows graph
    of pm4py. Sums are integer µs, so they are exact and can be taken out again.
    """

    __slots__ = ("count", "squares_us2", "sum_us")

    def __init__(self, count: int = 0, sum_us: int = 0, squares_us2: int = 0) -> None:
        self.count = count
        self.sum_us = sum_us
        self.squares_us2 = squares_us2

    def seconds(self) -> tuple[float, float]:
        """Mean and sample standard deviation in seconds; of a single duration the deviation is 0.

        Source: Stertz, Mangler, Rinderle-Ma: Temporal conformance checking at runtime, arXiv:2008.07262, 2020.
        """
        mean_s = self.sum_us / (self.count * 10**6)
        if self.count < 2:
            return mean_s, 0.0
        scattered = self.count * self.squares_us2 - self.sum_us * self.sum_us  # exact, so never below zero
        return mean_s, math.sqrt(scattered / (self.count * (self.count - 1) * 10**12))


Pairs = dict[Pair, PairMoments]


class Profile:
    """When each activity of one case happened: how often, sum and sum of squares of µs since ``base_us``.

    With it an event counts its pairs with all events before in as many steps as the case has activities.
    """

    __slots__ = ("base_us", "moments")

    def __init__(self, base_us: int) -> None:
        self.base_us = base_us
        self.moments: dict[str, tuple[int, int, int]] = {}

    @classmethod
    def of(cls, steps: Steps) -> "Profile":
        """The profile of a case that has done ``steps``."""
        profile = cls(steps[0][1])
        for activity, at_us in steps:
            profile._put(activity, at_us, 1)
        return profile

    def append(self, pairs: Pairs, activity: str, at_us: int, by: int = 1) -> None:
        """Let the case go on to ``activity``, and count ``by`` times what is a pair with it."""
        since_us = at_us - self.base_us
        for before, (n, total, squares) in self.moments.items():
            _add(
                pairs,
                (before, activity),
                by * n,
                by * (n * since_us - total),
                by * (n * since_us * since_us - 2 * since_us * total + squares),
            )
        self._put(activity, at_us, 1)

    def insert(self, pairs: Pairs, activity: str, at_us: int, after: Steps) -> None:
        """Let the case have done ``activity`` before ``after``, its last steps. Other pairs stay what they are."""
        for later, later_us in after:
            self._put(later, later_us, -1)
        self.append(pairs, activity, at_us)
        for later, later_us in after:
            _add(pairs, (activity, later), 1, later_us - at_us, (later_us - at_us) ** 2)
            self._put(later, later_us, 1)

    def _put(self, activity: str, at_us: int, by: int) -> None:
        since_us = at_us - self.base_us
        n, total, squares = self.moments.get(activity, (0, 0, 0))
        if n + by:
            self.moments[activity] = (n + by, total + by * since_us, squares + by * since_us * since_us)
        else:
            del self.moments[activity]

    def to_state(self, numbers: Mapping[str, int]) -> list[Any]:
        """Return the base, then four values for each activity."""
        values: list[Any] = [self.base_us]
        for activity, (n, total, squares) in self.moments.items():
            values += (numbers[activity], n, str(total), str(squares))
        return values

    @classmethod
    def from_state(cls, values: Sequence[Any], names: Sequence[str]) -> "Profile":
        """Return the profile whose :meth:`to_state` is ``values``."""
        profile = cls(values[0])
        columns = (values[start::4] for start in range(1, 5))
        for activity, n, total, squares in zip(*columns, strict=True):
            profile.moments[names[activity]] = (n, int(total), int(squares))
        return profile


def count_case(pairs: Pairs, steps: Steps, by: int) -> None:
    """Count a whole case ``by`` times: 1, or -1 to take it out again."""
    profile = Profile(steps[0][1])
    for activity, at_us in steps:
        profile.append(pairs, activity, at_us, by)


def merge(pairs: Pairs, other: Pairs) -> None:
    """Add the pairs of other cases; ``other`` stays as it is."""
    for pair, moments in other.items():
        _add(pairs, pair, moments.count, moments.sum_us, moments.squares_us2)


def _add(pairs: Pairs, pair: Pair, count: int, sum_us: int, squares_us2: int) -> None:
    moments = pairs.get(pair)
    if moments is None:
        moments = pairs[pair] = PairMoments()
    moments.count += count
    moments.sum_us += sum_us
    moments.squares_us2 += squares_us2
    if not moments.count:
        del pairs[pair]
