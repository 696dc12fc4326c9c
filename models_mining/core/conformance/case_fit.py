"""What one case did that a net does not allow."""

from collections.abc import Sequence
from typing import NamedTuple

from models_mining.core.counting.prefix_tree import Node
from models_mining.core.replay import Replay


class Deviation(NamedTuple):
    """An activity that did not fit: where in the case (``at``, from 0) and how many tokens it lacked.

    ``missing`` is 0 for an activity the net does not have.
    """

    at: int
    activity: str
    missing: int


class CaseFit(NamedTuple):
    """How a case fits a net.

    ``fits`` is None where it is not known, as a bound was hit. ``fitness`` of a running case is the one so far,
    without the final marking; that of a closed case counts what it lacks and leaves there as well (``missing``
    includes it, ``remaining`` is 0 for a running case). ``unknown`` are the activities the net does not have.
    """

    fits: bool | None
    fitness: float
    missing: int
    remaining: int
    deviations: tuple[Deviation, ...]
    unknown: tuple[str, ...]

    @property
    def first_deviation(self) -> Deviation | None:
        """The first activity that did not fit."""
        return self.deviations[0] if self.deviations else None


def case_conformance(replay: Replay, path: Node | Sequence[str], *, closed: bool = False) -> CaseFit:
    """How the case that has done ``path`` fits, by the exact or by pm4py's replay; a running one, or a closed one."""
    state = replay.start
    deviations = []
    for index, activity in enumerate(path.path() if isinstance(path, Node) else path):
        before, state = state, replay.step(state, activity)
        if state.deviations > before.deviations:
            deviations.append(Deviation(index, activity, state.missing - before.missing))
    unknown = tuple(dict.fromkeys(one.activity for one in deviations if not one.missing))
    if not closed:
        return CaseFit(replay.fits(state), state.fitness, state.missing, 0, tuple(deviations), unknown)
    ended = replay.end(state)
    return CaseFit(ended.fits, ended.fitness, ended.missing, ended.remaining, tuple(deviations), unknown)
