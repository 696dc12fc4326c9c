"""Following logs for what is learnt on their way: changes of the process, how open cases go on, how cases conform.

A worker feeds each log from its first event on, once: what it knows is saved with the number of the last event it
knows, so a restart goes on from there, and no change is told twice. It keeps a live log of its own, as it may be far
behind the miner for a while.
"""

import logging
import time
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from foundation.moments import moment
from foundation.processes.leases import Held
from models_mining.analysis.prediction_publisher import PredictionPublisher
from models_mining.conformance.conformance_tracker import ConformanceTracker
from models_mining.core.drift.detector import Change, DriftDetector
from models_mining.core.drift.drift_observer import DriftObserver
from models_mining.core.drift.regimes import graph_of
from models_mining.core.live_log import Observer, Turns, learn_observed
from models_mining.core.prediction.forecasting import Forecaster
from models_mining.core.prediction.scores import RECENT, next_score, time_score
from models_mining.mined_models.picture_publisher import PicturePublisher
from models_mining.mining.follow import CHUNK, LogWorker
from models_mining.mining.log_workers import LogWorkers
from models_mining.models import Analysis, DriftChange, LogState, MinedModel, ReferenceModel
from models_mining.store import checkpoints, event_reader
from streams.models import EventLog

logger = logging.getLogger(__name__)

VERSION = 1  # of the state
SAVE_S = 10.0  # between two saves; a change is saved at once


class LogAnalyzer(LogWorker[PicturePublisher]):
    """Observes one log, and keeps what is found in tables."""

    home: ClassVar[str] = "analysis"  # of no model

    def __init__(self, log: EventLog, models: Mapping[int, MinedModel], held: Held) -> None:
        self.log = log
        self.row, _ = Analysis.objects.get_or_create(log=log)
        learnt = self._learnt()
        self.row.state = None  # which may be large
        super().__init__(log, models, held)
        self.turns = self.live.journal = Turns()
        self.forecaster, self.drift = Forecaster(self.tail), DriftObserver(DriftDetector())
        if learnt is not None:
            self.forecaster = Forecaster.from_state(learnt["forecaster"], self.tail)
            self.drift.detector = DriftDetector.from_state(learnt["detector"])
        self.board = PredictionPublisher(log.pk, held, self.forecaster)
        self.checker = ConformanceTracker(log.pk, held, self.epoch)
        self.observers: list[Observer] = [self.drift, self.forecaster, self.board, self.checker]
        self.saved_seq = self.live.seq
        self.saved_at = self.trimmed_at = time.monotonic()

    def _learnt(self) -> dict[str, Any] | None:
        """What was saved; None where there is nothing, it is of other settings of the log, or not readable."""
        key = settings_key(self.log)
        if self.row.settings_key == key and self.row.state is not None:
            try:
                found: dict[str, Any] = msgspec.msgpack.decode(zlib.decompress(self.row.state))
                if found["version"] == VERSION:
                    return found
            except (zlib.error, msgspec.MsgspecError, KeyError, TypeError) as error:
                logger.warning("What was learnt of log %s is not readable: learning anew. %s", self.log.slug, error)
        self.row.settings_key, self.row.seq = key, 0
        return None

    def _begins_at(self, state: LogState) -> int:
        return self.row.seq

    def painter(self, model: MinedModel) -> PicturePublisher:
        raise LookupError("no model is derived here")

    def refresh(self, log: EventLog, models: Mapping[int, MinedModel], state: LogState | None) -> bool:
        return settings_key(log) == self.row.settings_key and super().refresh(log, models, state)

    def tick(self) -> int:
        chunk = event_reader.after(self.log.pk, self.live.seq, CHUNK)
        self.tail.look_ahead(self.live, [read.seen for read in chunk])
        for event, _ in chunk:
            learn_observed(self.live, event, self.tail, self.observers, self.turns)
        return len(chunk)

    def save_due(self, now: float) -> float:
        """Save what was found, what was learnt, and predictions that somebody looks at."""
        if now - self.trimmed_at >= settings.CHECKPOINT_S:
            self.trimmed_at = now
            self.forget_closed()
        if self.live.seq > self.saved_seq and (self.drift.found or now >= self.saved_at + SAVE_S):
            self.save()
        due = self.saved_at if self.live.seq > self.saved_seq else now
        return min(due + SAVE_S, self.board.save_due(self.live, now), self.checker.save_due(self.live, now))

    def save(self) -> None:
        """Changes, and the state that has found them."""
        new = [change for change in self.drift.found if change.found.seq > self.row.told_seq]
        state = {
            "version": VERSION,
            "detector": self.drift.detector.to_state(),
            "forecaster": self.forecaster.to_state(),
        }
        told = max(self.row.told_seq, self.live.seq)
        with transaction.atomic():
            self.held.check()
            DriftChange.objects.bulk_create(self._row_of(change) for change in new)
            Analysis.objects.filter(pk=self.log.pk).update(
                seq=self.live.seq,
                told_seq=told,
                settings_key=self.row.settings_key,
                state=zlib.compress(msgspec.msgpack.encode(state), 1),
                score=self._score(),
                saved_at=timezone.now(),
            )
        for change in new:
            logger.info("Log %s: the process changed about event %s", self.log.slug, change.began.seq)
        self.drift.found.clear()
        self.row.told_seq, self.saved_seq, self.saved_at = told, self.live.seq, time.monotonic()

    def _row_of(self, change: Change) -> DriftChange:
        return DriftChange(
            log_id=self.log.pk,
            seq=change.found.seq,
            at=moment(change.found.at_us),
            received_at=moment(change.found.received_at_us),
            began_seq=change.began.seq,
            began_at=moment(change.began.at_us),
            began_received_at=moment(change.began.received_at_us),
            since_seq=change.since.seq,
            edges=change.edges,
            duration=change.duration,
            before=graph_of(change.before, self.live.numbers),
            after=graph_of(change.after, self.live.numbers),
        )

    def _score(self) -> dict[str, Any]:
        nexts, times = self.forecaster.next_scores, self.forecaster.time_scores
        return {
            "next": {"overall": next_score(nexts), "recent": next_score(nexts, RECENT), "trail": nexts.trail()},
            "remaining": {"overall": time_score(times), "recent": time_score(times, RECENT), "trail": times.trail()},
        }

    def close(self) -> None:
        if self.live.seq > self.saved_seq:
            self.save()
        super().close()

    def abandon(self) -> None:
        self.checker.close()
        super().abandon()


class LogAnalyzers(LogWorkers[LogAnalyzer]):
    """Observes the logs that no other worker observes, but for those where it is switched off."""

    prefix: ClassVar[str] = "analysis"
    group: ClassVar[str] = "analysts"

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[int, Analysis] = {}

    def follow(self, log: EventLog, models: Mapping[int, MinedModel], held: Held) -> LogAnalyzer:
        return LogAnalyzer(log, models, held)

    def wants(self, log: EventLog, models: Mapping[int, MinedModel], state: LogState | None) -> bool:
        row = self._rows.get(log.pk)
        return state is not None and state.seq > 0 and (row is None or row.enabled)

    def look(self, now: float) -> None:
        self._rows = {row.log_id: row for row in Analysis.objects.defer("state")}
        super().look(now)
        moment = timezone.now()
        active = ReferenceModel.objects.filter(active=True, verdict=ReferenceModel.State.READY)
        references = dict(active.values_list("log", "pk"))
        for log, follower in self.followers.items():
            row = self._rows.get(log)
            follower.board.watched = row is not None and row.watched_until is not None and row.watched_until > moment
            follower.checker.follow(references.get(log, 0))

    def behind(self) -> bool:
        """Whether any log has events that are not learnt yet, or cases not checked."""
        return bool(self.logs_behind()) or any(follower.checker.busy for follower in self.followers.values())


def settings_key(log: EventLog) -> str:
    """Names the settings that decide when cases close and which are in: under others, what was learnt is void."""
    return replace(checkpoints.wanted(log, ()), retired_events=0).key
