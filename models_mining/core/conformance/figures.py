"""The figures of a log and a net in one: what is kept as a point of conformance over time."""

from typing import Any, TypedDict

from models_mining.core.conformance.quality import LogFitness, fitness, generalization, precision, simplicity
from models_mining.core.live_log import LiveLog
from models_mining.core.replay import ExactReplay, TokenReplay

_FITNESS = ("percentage_of_fitting_traces", "average_trace_fitness", "log_fitness")


class Figures(TypedDict):
    """Over ``cases`` closed cases, of which by the exact replay ``fitting`` fit and ``undecided`` may fit; cases
    beyond the tree are ``left_out``. ``exact`` has the three of :class:`LogFitness`, ``pm4py`` these, precision
    (None: not known), generalization and simplicity under pm4py's names."""

    cases: int
    fitting: int
    undecided: int
    left_out: int
    exact: dict[str, float]
    pm4py: dict[str, float | None]


def figures(log: LiveLog, exact: ExactReplay, pm4py: TokenReplay) -> Figures:
    """How well a net and the closed cases of a log agree, by both replays."""
    ours, theirs = fitness(log, exact), fitness(log, pm4py)
    return Figures(
        cases=ours.cases,
        fitting=ours.fitting,
        undecided=ours.undecided,
        left_out=ours.left_out,
        exact=_told(ours),
        pm4py={
            **_told(theirs),
            "precision": precision(log, pm4py) if theirs.cases else None,
            "generalization": generalization(log, pm4py),
            "simplicity": simplicity(pm4py.net),
        },
    )


def _told(found: LogFitness) -> dict[str, float]:
    values: dict[str, Any] = found._asdict()
    return {name: values[name] for name in _FITNESS}
