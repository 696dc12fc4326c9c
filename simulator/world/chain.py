"""The Markov chain: datasources, their edges, and how an edge and its duration are drawn.

Everything here is a value and may be shared by many runs. What a run changes (a drift's count, the place in an
order) lives in the functions that ``chooser`` and ``drawer`` return: one call, one fresh state.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate, cycle
from random import Random
from typing import Protocol

START = "<start>"
END = "<end>"

MINUTE_US = 60_000_000


class Duration(Protocol):
    """How long a step takes."""

    def drawer(self, random: Random) -> Callable[[], int]:
        """A function that draws one duration, in whole microseconds, never below 0."""
        ...

    @property
    def always_zero(self) -> bool:
        """Whether no draw is ever above 0."""
        ...


@dataclass(frozen=True, slots=True)
class ConstantDuration:
    minutes: float

    def drawer(self, random: Random) -> Callable[[], int]:
        duration_us = round(self.minutes * MINUTE_US)
        return lambda: duration_us

    @property
    def always_zero(self) -> bool:
        return self.minutes == 0


@dataclass(frozen=True, slots=True)
class UniformDuration:
    """Evenly between two bounds, but a draw below 0 counts as 0."""

    lower_minutes: float
    upper_minutes: float

    def drawer(self, random: Random) -> Callable[[], int]:
        lower_us = self.lower_minutes * MINUTE_US
        span_us = self.upper_minutes * MINUTE_US - lower_us
        draw = random.random
        if lower_us >= 0:
            return lambda: int(lower_us + span_us * draw())
        return lambda: max(0, int(lower_us + span_us * draw()))

    @property
    def always_zero(self) -> bool:
        return self.upper_minutes <= 0


@dataclass(frozen=True, slots=True)
class GaussianDuration:
    """Normal, but a draw below 0 counts as 0: time never runs backwards inside a case."""

    mu_minutes: float
    sigma_minutes: float

    def drawer(self, random: Random) -> Callable[[], int]:
        mu_us, sigma_us = self.mu_minutes * MINUTE_US, self.sigma_minutes * MINUTE_US
        draw = random.gauss
        return lambda: max(0, int(draw(mu_us, sigma_us)))

    @property
    def always_zero(self) -> bool:
        return self.sigma_minutes == 0 and self.mu_minutes <= 0


class Selection(Protocol):
    """How a datasource chooses among its edges."""

    def chooser(self, random: Random) -> Callable[[], int]:
        """A function that chooses: the edge's place, from 0. Its state is shared by all cases of a run."""
        ...

    def takes(self, index: int) -> bool:
        """Whether the edge at this place can ever be chosen."""
        ...


def cumulative(weights: tuple[float, ...]) -> list[float]:
    """Running sums of ``weights`` over their total; exactly 1.0 from the last weight above 0 on.

    So a number drawn from [0, 1) always falls to an edge, and never to one with probability 0.
    """
    last = max(index for index, weight in enumerate(weights) if weight > 0)
    total = sum(weights)
    return [1.0 if index >= last else part / total for index, part in enumerate(accumulate(weights))]


@dataclass(frozen=True, slots=True)
class GenericProbability:
    """Edge i with probability ``weights[i]``."""

    weights: tuple[float, ...]

    def chooser(self, random: Random) -> Callable[[], int]:
        draw, bounds = random.random, cumulative(self.weights)
        return lambda: bisect_right(bounds, draw())

    def takes(self, index: int) -> bool:
        return self.weights[index] > 0


@dataclass(frozen=True, slots=True)
class DriftingProbability:
    """From ``start`` to ``end`` in a straight line over ``steps`` choices made here, then ``end`` for ever.

    The k-th choice, k = 1, 2, …, has gone k/``steps`` of the way, so the first one has already left ``start``.
    """

    start: tuple[float, ...]
    end: tuple[float, ...]
    steps: int

    def chooser(self, random: Random) -> Callable[[], int]:
        choices = self._choices(random)
        return lambda: next(choices)

    def _choices(self, random: Random) -> Iterator[int]:
        draw = random.random
        first, last = cumulative(self.start), cumulative(self.end)
        # Rounding may leave the mixed bounds a hair below 1: then the last edge that can be taken is meant.
        fallback = max(index for index in range(len(first)) if self.takes(index))
        for k in range(1, self.steps):
            r, x = k / self.steps, draw()
            mixed = ((1 - r) * a + r * b for a, b in zip(first, last, strict=True))
            yield next((index for index, bound in enumerate(mixed) if x < bound), fallback)
        while True:
            yield bisect_right(last, draw())

    def takes(self, index: int) -> bool:
        return self.end[index] > 0 or (self.steps > 1 and self.start[index] > 0)


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every edge with the same probability."""

    edges: int

    def chooser(self, random: Random) -> Callable[[], int]:
        draw, edges = random.random, self.edges
        return lambda: int(draw() * edges)

    def takes(self, index: int) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Ordered:
    """The edges in turn, and again from the first; one turn for all cases together."""

    edges: int

    def chooser(self, random: Random) -> Callable[[], int]:
        turn = cycle(range(self.edges))
        return lambda: next(turn)

    def takes(self, index: int) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Edge:
    """One possible step: do ``activity``, which takes ``duration``, then go to ``target``.

    ``target`` is the name of a datasource, or END. At START only the target counts.
    """

    activity: str
    target: str
    duration: Duration


@dataclass(frozen=True, slots=True)
class Datasource:
    """A vertex: the place where events happen. ``name`` is what edges refer to, ``node`` what events carry."""

    name: str
    node: str
    group: str
    selection: Selection
    edges: tuple[Edge, ...]

    @property
    def taken_edges(self) -> list[Edge]:
        """The edges that can ever be chosen."""
        return [edge for index, edge in enumerate(self.edges) if self.selection.takes(index)]


@dataclass(frozen=True, slots=True)
class Chain:
    """All datasources by name, START among them; every target is one of them or END."""

    datasources: dict[str, Datasource]

    def reachable(self, name: str) -> set[str]:
        """Names of all that a case standing at ``name`` can come to, END included; ``name`` itself too."""
        seen, waiting = {name}, [name]
        while waiting:
            here = waiting.pop()
            if here == END:
                continue
            new = {edge.target for edge in self.datasources[here].taken_edges} - seen
            seen |= new
            waiting.extend(new)
        return seen
