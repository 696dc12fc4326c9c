"""A log and its models as of an earlier moment: what one would have seen then."""

from dataclasses import dataclass
from typing import Any

from models_mining.core.discovery.registry import derive
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.live_log import CaseSet, LiveLog
from models_mining.mining import lossy, rediscovery
from models_mining.mining.follow import serving
from models_mining.models import MinedModel
from models_mining.store import checkpoints, event_reader
from streams.models import EventLog


@dataclass(frozen=True, slots=True)
class Asked:
    """A model of a log, whether it is a row or not."""

    algorithm: str
    parameters: dict[str, Any]
    cases: CaseSet

    def row(self, log: EventLog) -> MinedModel:
        """As a row that is not saved."""
        return MinedModel(log=log, algorithm=self.algorithm, parameters=self.parameters, cases=self.cases)


def live_log_at(log: EventLog, seq: int, models: list[MinedModel]) -> LiveLog:
    """The live log of the first ``seq`` events, under the log's settings of today, which serves ``models``.

    From the nearest checkpoint at or before, and the events since; without one from nothing.
    """
    wanted = checkpoints.wanted(log, models)
    live = checkpoints.nearest(log.pk, [settings.key for settings in serving(wanted)], seq)
    if live is None:
        live, _ = rediscovery.from_nothing(log.pk, wanted, seq)
    event_reader.catch_up(live, log.pk, seq, event_reader.CaseHistoryReader(log.pk))
    lossy.keep(log.pk, live, models)
    return live


def drawing_at(log: EventLog, seq: int, asked: Asked) -> Drawing:
    """A model of the first ``seq`` events."""
    live = live_log_at(log, seq, [asked.row(log)])
    drawing: Drawing = derive(asked.algorithm, live, asked.cases, asked.parameters)
    return drawing
