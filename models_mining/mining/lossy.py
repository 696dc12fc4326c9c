"""Lossy counts of a live log: kept while a model asks for them, and caught up from the table when one begins to."""

from collections.abc import Iterable

from models_mining.core.counting.lossy import LossySteps
from models_mining.core.discovery import ALGORITHMS, ParameterError
from models_mining.core.live_log.live_log import LiveLog
from models_mining.models import MinedModel
from models_mining.store import event_reader

NAME = "lossy-dfg"


def keep(log: int, live: LiveLog, models: Iterable[MinedModel]) -> None:
    """Let ``live`` hold the lossy counts that ``models`` ask for, and no others."""
    wanted = {epsilon for model in models if (epsilon := _epsilon(model)) is not None}
    for epsilon in live.lossy.keys() - wanted:
        del live.lossy[epsilon]
    for epsilon in wanted - live.lossy.keys():
        counts = LossySteps(epsilon)
        events = event_reader.in_sequence(log, live.seq)
        counts.learn_all((event.case, event.activity, event.at_us) for event in events)
        live.lossy[epsilon] = counts


def _epsilon(model: MinedModel) -> float | None:
    if model.algorithm != NAME:
        return None
    try:
        return float(ALGORITHMS[NAME].check(model.parameters)["epsilon"])
    except ParameterError:  # its painter will say so
        return None
