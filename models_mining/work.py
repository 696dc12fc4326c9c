"""The working process: slow models and jobs, each in a forked process of its own with limits of time and memory; what
is learnt on the way of a log; and the parts that other apps add."""

import os
import time
from collections.abc import Mapping
from typing import ClassVar

from django.utils import timezone

from foundation.processes.leases import Held
from foundation.processes.work_plugins import WORK_PLUGINS, WorkPlugin
from foundation.progress import Progress, ignore
from models_mining.analysis.log_analyzer import LogAnalyzers
from models_mining.jobs.jobs import HINT
from models_mining.jobs.running import JobRunner
from models_mining.mined_models.picture_publisher import model_epoch
from models_mining.mining.log_workers import LogWorkers
from models_mining.mining.retention import Housekeeping
from models_mining.mining.slow_model_worker import POLL_S, SlowModelWorker
from models_mining.models import LogState, MinedModel
from streams.models import EventLog

LINGER_S = 60.0  # a log nobody asks for any more is followed so long, should somebody come back


class Work(LogWorkers[SlowModelWorker]):
    """Derives slow models of the logs no other worker has, and runs jobs, until told to stop."""

    prefix: ClassVar[str] = "work"
    group: ClassVar[str] = "workers"
    kinds: ClassVar[tuple[str, ...]] = (*LogWorkers.kinds, HINT)

    def __init__(self, *, everything: bool = False) -> None:
        super().__init__()
        self._everything = everything  # also what nobody looks at
        self._processes = max(1, (os.cpu_count() or 1) - 1)
        self._asked_at: dict[int, float] = {}
        self.analysts = LogAnalyzers()
        self.jobs = JobRunner()
        self.retention = Housekeeping()
        self.parts: list[WorkPlugin] = [part() for part in WORK_PLUGINS.all()]

    def follow(self, log: EventLog, models: Mapping[int, MinedModel], held: Held) -> SlowModelWorker:
        return SlowModelWorker(log, models, held, self._free, asked=self._everything)

    def _free(self) -> bool:
        return sum(follower.busy for follower in self.followers.values()) < self._processes

    def wants(self, log: EventLog, models: Mapping[int, MinedModel], state: LogState | None) -> bool:
        """A log is followed for slow models that somebody looks at, or that have no picture yet."""
        if state is None:
            return False
        now = time.monotonic()
        if any(self._asked(model, state) for model in models.values() if model.home == SlowModelWorker.home):
            self._asked_at[log.pk] = now
        return now - self._asked_at.get(log.pk, float("-inf")) < LINGER_S

    def _asked(self, model: MinedModel, state: LogState) -> bool:
        watched = model.watched_until is not None and model.watched_until > timezone.now()
        return self._everything or watched or model.epoch != model_epoch(model, state.epoch)

    def look(self, now: float) -> None:
        super().look(now)
        self.analysts.wake()
        self.jobs.wake()
        for part in self.parts:
            part.wake()

    def turn(self, now: float | None = None) -> float:
        due = super().turn(now)
        now = time.monotonic()
        due = min(due, self.analysts.turn(), self.jobs.turn(now), self.retention.turn(now))
        return min([due, *(part.turn(now) for part in self.parts)])

    def drain(self, report: Progress = ignore) -> tuple[int, int]:
        """Derive every slow model that is behind and run every job that waits, then let go; how many of each."""
        began = timezone.now()
        while self._under_way():
            report("jobs and slow models", self.jobs.ended, unit="jobs")
            time.sleep(POLL_S)
        self.close()
        derived = MinedModel.objects.filter(derived_at__gte=began)
        return sum(
            model.home == SlowModelWorker.home for model in derived.defer("picture", "definition")
        ), self.jobs.ended

    def _under_way(self) -> bool:
        self.turn()
        followers = self.followers.values()
        return (
            self.jobs.busy
            or any(part.busy for part in self.parts)
            or bool(self.logs_behind())
            or self.analysts.behind()
            or any(follower.busy for follower in followers)
            or any(painter.due(one.live) is not None for one in followers for painter in one.painters.values())
        )

    def close(self) -> None:
        super().close()
        self.analysts.close()
        self.jobs.close()
        for part in self.parts:
            part.close()
