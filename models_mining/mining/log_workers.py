"""Following logs with live logs: what miners, workers of slow models and analysts share."""

import gc
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from foundation.processes import hints
from foundation.processes.leases import Held
from models_mining.mining.follow import LogWorker
from models_mining.models import LogState, MinedModel
from streams.events.log_pool import LogPool
from streams.models import EventLog

F = TypeVar("F", bound=LogWorker[Any])


class LogWorkers(LogPool[F]):
    """Follows logs until told to stop."""

    kinds: ClassVar[tuple[str, ...]] = (hints.EVENTS, hints.SETUP, hints.WATCH)  # of hints that it hears

    def __init__(self) -> None:
        super().__init__()
        self._logs: dict[int, EventLog] = {}  # as they were read with the last look
        self._models: dict[int, dict[int, MinedModel]] = {}
        self._states: dict[int, LogState] = {}

    @abstractmethod
    def follow(self, log: EventLog, models: Mapping[int, MinedModel], held: Held) -> F:
        """Begin to follow a log."""

    def wants(self, log: EventLog, models: Mapping[int, MinedModel], state: LogState | None) -> bool:
        """Whether there is anything to do for a log."""
        return True

    def run(self, stopped: Callable[[], bool]) -> None:
        """Go on until ``stopped`` is true; then save everything and let go."""
        with hints.Listener(*self.kinds) as listener:
            due = time.monotonic()
            while not stopped():
                heard = listener.wait(max(0.0, min(hints.POLL_S, due - time.monotonic())))
                if any(kind != hints.EVENTS for kind, _ in heard):
                    self.wake()
                due = self.turn()
        self.close()

    def wanted(self) -> Iterable[int]:
        self._logs = {log.pk: log for log in EventLog.objects.all()}
        self._models = {pk: {} for pk in self._logs}
        for model in MinedModel.objects.defer("picture", "definition"):  # which are large, and ours are the newer ones
            self._models.setdefault(model.log_id, {})[model.pk] = model
        self._states = {state.log_id: state for state in LogState.objects.all()}
        for deleted in self.followers.keys() - self._logs.keys():
            self.drop(deleted)  # there is nothing left to save it for
        return [pk for pk, log in self._logs.items() if self.wants(log, self._models[pk], self._states.get(pk))]

    def begin(self, log: int, held: Held) -> F:
        follower = self.follow(self._logs[log], self._models[log], held)
        gc.freeze()  # the collector need not walk a whole prefix tree again and again
        return follower

    def refresh(self, follower: F) -> bool:
        pk = follower.log.pk
        return follower.refresh(self._logs[pk], self._models[pk], self._states.get(pk))

    def advance(self, follower: F, now: float, *, behind: bool) -> float:
        learnt = follower.tick() if behind else 0
        saved_by = follower.save_due(time.monotonic())
        return now if learnt else saved_by

    def in_turn(self) -> Iterable[F]:
        """Who waited longest for a picture goes first."""
        return sorted(self.followers.values(), key=lambda follower: follower.painted_at)
