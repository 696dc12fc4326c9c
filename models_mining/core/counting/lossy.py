"""Counting in bounded memory: what is frequent stays, with a known error; what is rare goes.

Source: Manku, Motwani: Approximate frequency counts over data streams, VLDB 2002; for process discovery: Burattin,
Sperduti, van der Aalst: Control-flow discovery from event streams, IEEE CEC 2014.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

Item = TypeVar("Item", bound=str | tuple[str, str])


class LossyCounter(Generic[Item]):
    """How often each of N items came: at most εN too low, never too high; none that came more than εN times is missing.

    It holds at most about log(εN) / ε items.

    >>> counter = LossyCounter[str](0.5)
    >>> for item in "aabaca":
    ...     counter.add(item)
    >>> counter.counts
    {'a': (4, 0)}
    """

    __slots__ = ("counts", "epsilon", "total", "width")

    def __init__(self, epsilon: float) -> None:
        if not 0 < epsilon < 1:
            raise ValueError(f"ε must lie between 0 and 1, not be {epsilon}")
        self.epsilon = epsilon
        self.width = math.ceil(1 / epsilon)  # of a bucket, at whose end the rare ones go
        self.total = 0
        self.counts: dict[Item, tuple[int, int]] = {}  # counted, and at most so many missed before

    def add(self, item: Item) -> None:
        """Count one more."""
        counted, missed = self.counts.get(item, (0, self.total // self.width))
        self.counts[item] = (counted + 1, missed)
        self.total += 1
        if self.total % self.width == 0:
            self._drop(self.total // self.width)

    def merge(self, other: "LossyCounter[Item]") -> None:
        """Add what another one of the same ε has counted: the bounds hold for both together."""
        if other.epsilon != self.epsilon:
            raise ValueError(f"counts of ε {self.epsilon} and {other.epsilon} cannot be merged")
        absent_here, absent_there = (0, self.total // self.width), (0, other.total // self.width)
        for item in {**self.counts, **other.counts}:
            here, there = self.counts.get(item, absent_here), other.counts.get(item, absent_there)
            self.counts[item] = (here[0] + there[0], here[1] + there[1])
        self._drop(absent_here[1] + absent_there[1])
        self.total += other.total

    def _drop(self, most: int) -> None:
        self.counts = {item: count for item, count in self.counts.items() if sum(count) > most}

    @property
    def error(self) -> int:
        """No count is lower than the true one by more."""
        return self.total // self.width


class LossySteps:
    """Lossy counts of activities, and of steps from where a case stood when an event arrived; "" where it began.

    A late event counts as a step from where its case stood, too: what was counted cannot be taken back.
    """

    __slots__ = ("activities", "steps")

    def __init__(self, epsilon: float) -> None:
        self.activities = LossyCounter[str](epsilon)
        self.steps = LossyCounter[tuple[str, str]](epsilon)

    @property
    def epsilon(self) -> float:
        """The bound of the error, relative to the number of events."""
        return self.activities.epsilon

    def learn(self, stood: str, activity: str) -> None:
        """Count an event."""
        self.activities.add(activity)
        self.steps.add((stood, activity))

    def learn_all(self, events: Iterable[tuple[str, str, int]]) -> None:
        """Count (case, activity, µs) of events in the order of their numbers, as if each had been learnt on arrival."""
        standing: dict[str, tuple[int, str]] = {}
        for case, activity, at_us in events:
            last_us, stood = standing.get(case, (at_us, ""))
            self.learn(stood, activity)
            if at_us >= last_us:
                standing[case] = (at_us, activity)

    def merge(self, other: "LossySteps") -> None:
        """Add what another one has counted of other cases."""
        self.activities.merge(other.activities)
        self.steps.merge(other.steps)

    def to_state(self, numbers: Mapping[str, int]) -> dict[str, Any]:
        """Plain lists and numbers, activities by number."""
        return {
            "epsilon": self.epsilon,
            "total": self.activities.total,
            "activities": [[numbers[name], *count] for name, count in self.activities.counts.items()],
            "steps": [[numbers.get(a, -1), numbers[b], *count] for (a, b), count in self.steps.counts.items()],
        }

    @classmethod
    def from_state(cls, data: Mapping[str, Any], names: list[str]) -> "LossySteps":
        """What :meth:`to_state` told."""
        kept = cls(data["epsilon"])
        kept.activities.total = kept.steps.total = data["total"]
        kept.activities.counts = {names[a]: (counted, missed) for a, counted, missed in data["activities"]}
        kept.steps.counts = {
            ("" if a < 0 else names[a], names[b]): (counted, missed) for a, b, counted, missed in data["steps"]
        }
        return kept
