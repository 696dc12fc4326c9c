"""What a replay remembers of a case, and the memo that makes the second case on the same way nearly free."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from models_mining.core.drawing.nets import Marking, Net

MAX_MEMO = 200_000
"""So many steps are remembered; then the memo begins anew (a net may have no end of markings)."""


class Position:
    """Where a case may stand right after an activity: each of ``markings`` explains what it did equally well.

    The first is the one to show. ``key`` is what the replay goes on from; equal keys are equal positions. What a
    replay has found out about the position is kept on it.
    """

    def __init__(self, key: tuple[Any, ...], markings: tuple[Marking, ...]) -> None:
        self.key = key
        self.markings = markings
        self.steps: dict[str, Step] = {}
        self.finish: Finish | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Position) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"Position{self.markings}"

    @cached_property
    def sure(self) -> Marking:
        """The tokens every marking has."""
        first, *others = map(dict, self.markings)
        fewest = (
            {place: min(n, *(other.get(place, 0) for other in others)) for place, n in first.items()}
            if others
            else first
        )
        return tuple((place, n) for place, n in sorted(fewest.items()) if n)

    @cached_property
    def maybe(self) -> Marking:
        """The tokens some marking has beyond the sure ones: a case has them in one of ``len(markings)`` ways."""
        if len(self.markings) == 1:
            return ()
        most: dict[int, int] = {}
        for marking in self.markings:
            for place, n in marking:
                most[place] = max(n, most.get(place, 0))
        sure = dict(self.sure)
        return tuple((place, n - sure.get(place, 0)) for place, n in sorted(most.items()) if n > sure.get(place, 0))


class Step(NamedTuple):
    """What one activity adds: from a position to the next, with the tokens it took. ``fired`` are transitions.

    ``bound_hit``: not every way to do it was tried. ``cut``: it led to more markings than are kept.
    """

    at: Position
    missing: int
    consumed: int
    produced: int
    bound_hit: bool = False
    cut: bool = False
    fired: tuple[int, ...] = ()


class Finish(NamedTuple):
    """What the end of a case adds: ``lacking`` tokens of the final marking, ``remaining`` ones beyond it."""

    marking: Marking
    lacking: int
    remaining: int
    consumed: int
    produced: int
    bound_hit: bool = False
    fired: tuple[int, ...] = ()


class State(NamedTuple):
    """What a case has come to so far. Tokens are counted from the initial marking on, which is ``produced``.

    ``unknown`` counts activities the net has no transition for; they are passed over. ``bound_hit``: not everything
    was tried, so that there may be an explanation with fewer missing tokens. ``unfit``: it is certain all the same
    that there is none without any, for the first deviation came before that.
    """

    at: Position
    missing: int
    consumed: int
    produced: int
    unknown: int = 0
    bound_hit: bool = False
    unfit: bool = False

    @property
    def deviations(self) -> int:
        """Missing tokens and unknown activities: it grows with each activity that deviates."""
        return self.missing + self.unknown

    @property
    def fitness(self) -> float:
        """Fitness so far: 1 - missing / consumed. Nobody asks a running case for the final marking."""
        return 1.0 - self.missing / self.consumed if self.consumed else 1.0


class Ended(NamedTuple):
    """What a closed case came to, the final marking included. ``fits`` is None where it is not known."""

    fits: bool | None
    fitness: float
    missing: int
    consumed: int
    remaining: int
    produced: int
    marking: Marking
    """Reached at the end, before the final marking was taken away."""


class Replay(ABC):
    """Replays cases on ``net``. A step depends on position and activity only, and each is worked out once.

    Transitions, places and arcs are tried in the net's own order: the same net gives the same result everywhere.
    """

    def __init__(self, net: Net) -> None:
        self.net = net
        self.labelled: dict[str, list[int]] = {}
        for number, transition in enumerate(net.transitions):
            if transition.label is not None:
                self.labelled.setdefault(transition.label, []).append(number)
        self._positions: dict[tuple[Any, ...], Position] = {}
        self._remembered = 0
        self.start = State(self._begin(), 0, 0, sum(n for _, n in net.initial))

    @abstractmethod
    def _begin(self) -> Position:
        """Where every case begins."""

    @abstractmethod
    def _take(self, at: Position, activity: str) -> Step:
        """Work out a step. The net has the activity."""

    @abstractmethod
    def _finish(self, at: Position) -> Finish:
        """Work out the end of a case that stands here."""

    @abstractmethod
    def fits(self, state: State) -> bool | None:
        """Whether the net allows what was done so far; None: not known, as a bound was hit."""

    @abstractmethod
    def _fits_to_the_end(self, state: State, finish: Finish) -> bool | None:
        """Whether a closed case fits."""

    def step(self, state: State, activity: str) -> State:
        """The state after one more activity."""
        at, missing, consumed, produced, unknown, bound_hit, unfit = state
        step = at.steps.get(activity)
        if step is None:
            if activity not in self.labelled:
                return State(at, missing, consumed, produced, unknown + 1, bound_hit, True)
            step = at.steps[activity] = self._take(at, activity)
            self._remember()
        return State(
            step.at,
            missing + step.missing,
            consumed + step.consumed,
            produced + step.produced,
            unknown,
            bound_hit or step.bound_hit or step.cut,
            unfit or (step.missing > 0 and not bound_hit and not step.bound_hit),
        )

    def fired(self, state: State, activity: str) -> tuple[int, ...]:
        """The transitions fired in a step that was made (only token-based replay tells)."""
        step = state.at.steps.get(activity)
        return step.fired if step is not None else ()

    def replay(self, activities: Iterable[str]) -> State:
        """The state after all of these."""
        state = self.start
        for activity in activities:
            state = self.step(state, activity)
        return state

    def finish(self, at: Position) -> Finish:
        """What the end adds for a case that stands here."""
        if at.finish is None:
            at.finish = self._finish(at)
            self._remember()
        return at.finish

    def end(self, state: State) -> Ended:
        """What a case has come to that ends here. Only for closed cases: a running one owes no final marking."""
        finish = self.finish(state.at)
        missing = state.missing + finish.lacking
        consumed = state.consumed + finish.consumed + sum(n for _, n in self.net.final)
        produced = state.produced + finish.produced
        fitness = 1.0
        if consumed > 0 and produced > 0:
            fitness = 0.5 * (1.0 - missing / consumed) + 0.5 * (1.0 - finish.remaining / produced)
        return Ended(
            self._fits_to_the_end(state, finish), fitness, missing, consumed, finish.remaining, produced, finish.marking
        )

    def _position(self, key: tuple[Any, ...], markings: tuple[Marking, ...]) -> Position:
        at = self._positions.get(key)
        if at is None:
            at = self._positions[key] = Position(key, markings)
        return at

    def _remember(self) -> None:
        self._remembered += 1
        if self._remembered >= MAX_MEMO:
            self._remembered = 0
            self._forget()

    def _forget(self) -> None:
        """Let go of all that is not in use."""
        self._positions.clear()


def is_enabled(arcs: Sequence[tuple[int, int]], tokens: dict[int, int]) -> bool:
    """Whether there are the tokens these arcs ask for."""
    for place, weight in arcs:  # noqa: SIM110 - all() takes twice as long, and this is most of the work
        if tokens.get(place, 0) < weight:
            return False
    return True


def fire(net: Net, transition: int, tokens: dict[int, int]) -> None:
    """Let an enabled transition take its tokens and put the new ones; ``tokens`` has no zeros before or after."""
    _, takes, gives = net.transitions[transition]
    for place, weight in takes:
        tokens[place] -= weight
        if not tokens[place]:
            del tokens[place]
    for place, weight in gives:
        tokens[place] = tokens.get(place, 0) + weight
