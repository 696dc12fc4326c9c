"""How good predictions have been: each is made before what it speaks of is learnt, and scored when that is known.

Source: Gama, Sebastião, Rodrigues: On evaluating stream learning algorithms, Machine Learning 90(3), 2013.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, NamedTuple, TypedDict

RECENT = 1_000
BLOCKS, LEAST = 20, 10
"""Of the newest tests: so many means tell how they went over time, each of at least so many tests."""


class NextTest(NamedTuple):
    """One prediction of what comes next: 1 where the likeliest came, where the baseline did; Brier score (0 to 2)."""

    hit: int
    baseline_hit: int
    brier: float


class TimeTest(NamedTuple):
    """One estimate of the remaining time: how far off it and the baseline were (s); 1 where the interval held."""

    error_s: float
    baseline_error_s: float
    held: int


class NextScore(TypedDict):
    """Of ``tests`` predictions: shares that were right, and the mean Brier score (0 is best); None: no test yet."""

    tests: int
    accuracy: float | None
    baseline_accuracy: float | None
    brier: float | None


class TimeScore(TypedDict):
    """Of ``tests`` estimates: mean absolute errors (s), and the share of intervals that held; None: no test yet."""

    tests: int
    mae_s: float | None
    baseline_mae_s: float | None
    interval_held: float | None


class Scores:
    """Sums over all tests of a kind, and the newest :data:`RECENT` of them."""

    def __init__(self, width: int) -> None:
        self.tests = 0
        self.sums = [0.0] * width
        self.recent: deque[tuple[float, ...]] = deque(maxlen=RECENT)

    def add(self, test: tuple[float, ...]) -> None:
        """Count one."""
        self.tests += 1
        self.sums = [total + value for total, value in zip(self.sums, test, strict=True)]
        self.recent.append(test)

    def means(self, newest: int | None = None) -> tuple[int, list[float | None]]:
        """How many tests, and their means: of all, or of the newest so many."""
        if newest is None:
            number, sums = self.tests, self.sums
        else:
            tests = list(islice(reversed(self.recent), newest))
            number, sums = len(tests), [sum(column) for column in zip(*tests, strict=True)] or self.sums
        return number, [total / number if number else None for total in sums]

    def trail(self) -> list[list[float]]:
        """Means of the newest tests in blocks of one size, the oldest first; what fills no block is left out."""
        size = max(LEAST, len(self.recent) // BLOCKS)
        tests = list(self.recent)
        blocks = [tests[start : start + size] for start in range(len(tests) % size, len(tests), size)]
        return [[sum(column) / size for column in zip(*block, strict=True)] for block in blocks]

    def to_state(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        return {"tests": self.tests, "sums": self.sums, "recent": list(map(list, self.recent))}

    @classmethod
    def from_state(cls, data: Mapping[str, Any]) -> "Scores":
        """What :meth:`to_state` told."""
        made = cls(len(data["sums"]))
        made.tests, made.sums = data["tests"], list(data["sums"])
        made.recent.extend(map(tuple, _rows(data["recent"])))
        return made


def _rows(data: Iterable[Any]) -> Iterable[list[float]]:
    return ([float(value) for value in row] for row in data)


def next_score(scores: Scores, newest: int | None = None) -> NextScore:
    """Of tests made of :class:`NextTest`."""
    tests, (hit, baseline, brier) = scores.means(newest)
    return NextScore(tests=tests, accuracy=hit, baseline_accuracy=baseline, brier=brier)


def time_score(scores: Scores, newest: int | None = None) -> TimeScore:
    """Of tests made of :class:`TimeTest`."""
    tests, (error_s, baseline_s, held) = scores.means(newest)
    return TimeScore(tests=tests, mae_s=error_s, baseline_mae_s=baseline_s, interval_held=held)
