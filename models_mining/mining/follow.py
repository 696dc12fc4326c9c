"""Following one log: events after the cursor → live log → models.

Start-up, catching up after a crash and normal running are the same code: a cursor, and events behind it. The miner
follows every log and keeps what is derived from it in tables (:mod:`models_mining.mining.log_miner`); a worker follows
those that have slow models (:mod:`models_mining.mining.slow_model_worker`) and keeps their pictures only.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import ClassVar, Generic, TypeVar

from django.conf import settings

from foundation.processes.leases import Held
from foundation.progress import Progress, ignore
from models_mining.core.live_log import Changes, Journal, LiveLog
from models_mining.mined_models.picture_publisher import PicturePublisher
from models_mining.mining import lossy, rediscovery
from models_mining.models import LogState, MinedModel
from models_mining.store import checkpoints, event_reader
from streams.events.log_pool import NotReadyError
from streams.models import EventLog

logger = logging.getLogger(__name__)

CHUNK = 2000  # events read and learnt in one go

P = TypeVar("P", bound=PicturePublisher)


class NotMinedError(NotReadyError):
    """The rows of this log are not made yet, or under other settings: its miner has to go first."""


class LogWorker(ABC, Generic[P]):
    """Keeps a live log of one stored log, and a painter for each model that this process derives."""

    home: ClassVar[str]  # whose models these are, see `MinedModel.home`

    def __init__(self, log: EventLog, models: Mapping[int, MinedModel], held: Held, report: Progress = ignore) -> None:
        self.log, self.held, self.report = log, held, report
        self.tail = event_reader.CaseHistoryReader(log.pk)
        self.checkpoint_seq = 0
        self.painted_at = float("-inf")  # monotonic seconds; who waited longest goes first
        self.settings, self.live, self.epoch = self._begin(checkpoints.wanted(log, models.values()))
        self.live.journal = Journal()
        self.painters: dict[int, P] = {}
        self._paint(models)

    # --- Beginning ----------------------------------------------------------------------

    def _begin(self, wanted: checkpoints.LiveSettings) -> tuple[checkpoints.LiveSettings, LiveLog, str]:
        """The live log at what the rows stand for, and their epoch; NotMinedError where they are of other settings."""
        state = LogState.objects.filter(log=self.log).first()
        if state is None:
            raise NotMinedError
        for found in serving(wanted):
            if state.settings_key == found.key:
                return found, self._load(found, self._begins_at(state)), state.epoch
        raise NotMinedError

    def _begins_at(self, state: LogState) -> int:
        """The last event that is not to be learnt anew."""
        return state.seq

    def _load(self, wanted: checkpoints.LiveSettings, upto: int) -> LiveLog:
        """The live log at ``upto``: from a checkpoint, else from the table."""
        live = checkpoints.newest(self.log.pk, wanted.key, upto)
        if live is None:
            logger.info("Log %s: no checkpoint, rediscovering %s events", self.log.slug, upto)
            live, _ = rediscovery.from_nothing(self.log.pk, wanted, upto, partial(self.report, f"log {self.log.slug}"))
        else:
            self.checkpoint_seq = live.seq
        event_reader.catch_up(live, self.log.pk, upto, self.tail)
        return live

    @abstractmethod
    def painter(self, model: MinedModel) -> P:
        """Who paints this model from now on."""

    # --- Going on -----------------------------------------------------------------------

    def tick(self) -> int:
        """Learn the next events, if there are any; how many."""
        chunk = event_reader.after(self.log.pk, self.live.seq, CHUNK)
        event_reader.learn(self.live, [read.seen for read in chunk], self.tail)
        for read in chunk:
            self.learnt(read)
        if chunk and self.live.journal is not None:
            changes = self.live.journal.drain()
            self.changed(changes)
            for painter in self.painters.values():
                painter.note(changes, self.live.seq)
        return len(chunk)

    def learnt(self, read: event_reader.Read) -> None:
        """An event was learnt."""

    def changed(self, changes: Changes) -> None:
        """What a chunk of events changed."""

    @abstractmethod
    def save_due(self, now: float) -> float:
        """Save what is due. When to look again at the latest (monotonic seconds)."""

    def refresh(self, log: EventLog, models: Mapping[int, MinedModel], state: LogState | None) -> bool:
        """Take up new models and changed parameters, as read just now; False where the live log must be made anew."""
        if checkpoints.wanted(log, models.values()).keeping(self.settings) != self.settings:
            return False
        if state is None or (state.epoch, state.settings_key) != (self.epoch, self.settings.key):
            return False
        self._paint(models)
        return True

    def _paint(self, models: Mapping[int, MinedModel]) -> None:
        lossy.keep(self.log.pk, self.live, models.values())
        ours = {pk: model for pk, model in models.items() if model.home == self.home}
        for gone in self.painters.keys() - ours.keys():
            self.painters.pop(gone).close()
        for pk, model in ours.items():
            painter = self.painters.get(pk)
            if painter is not None and painter.same(model):
                painter.watched_until = model.watched_until
                continue
            if painter is not None:
                painter.close()
            self.painters[pk] = self.painter(model)

    def forget_closed(self) -> None:
        """Keep no more closed cases in memory than is set; one that returns is read back."""
        self.live.forget_closed(settings.CLOSED_CASES)

    @property
    def seq(self) -> int:
        """The last event it has learnt."""
        return self.live.seq

    def close(self) -> None:
        """A clean end: the lease is let go."""
        self.abandon()
        self.held.let_go()

    def abandon(self) -> None:
        """An end that saves nothing."""
        for painter in self.painters.values():
            painter.close()


def serving(wanted: checkpoints.LiveSettings) -> Iterator[checkpoints.LiveSettings]:
    """These settings, then those that track more: a live log of any of them serves the same models."""
    for track_closed in sorted({wanted.track_closed, True}):
        for track_pairs in sorted({wanted.track_pairs, True}):
            yield replace(wanted, track_closed=track_closed, track_pairs=track_pairs)
