"""Lossy counts of a live log: kept while a model asks for them, and caught up from the table when one begins to."""

from collections.abc import Iterable

from models_mining.core.counting.lossy import LossySteps
from models_mining.core.discovery import ALGORITHMS, ParameterError
from models_mining.core.live_log import LiveLog
from models_mining.models import MinedModel
from models_mining.store import event_reader

NAME = "lossy-dfg"


def keep(log: int, live: LiveLog, models: Iterable[MinedModel]) -> None:
    """Let ``live`` hold the lossy counts that ``models`` ask for, and no others."""
    wanted = {epsilon for model in models if (epsilon := _epsilon(model)) is not None}
    live.set_lossy([live.lossy(epsilon) or _caught_up(log, live.seq, epsilon) for epsilon in wanted])


def _caught_up(log: int, upto: int, epsilon: float) -> LossySteps:
    """Return the counts of the stored events up to ``upto``."""
    counts = LossySteps(epsilon)
    events = event_reader.in_sequence(log, upto)
    counts.learn_all((event.case, event.activity, event.at_us) for event in events)
    return counts


def _epsilon(model: MinedModel) -> float | None:
    if model.algorithm != NAME:
        return None
    try:
        return float(ALGORITHMS[NAME].check(model.parameters)["epsilon"])
    except ParameterError:  # its painter will say so
        return None
