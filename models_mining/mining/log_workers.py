"""What miners and workers share: each takes up logs that no other of its kind owns, and lets them take turns."""

import contextlib
import gc
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from django.db import Error as DatabaseError
from django.db import connection

from foundation.processes import hints, leases
from models_mining.mining.follow import LogWorker, NotMinedError
from models_mining.models import LogState, MinedModel
from streams.models import EventLog

logger = logging.getLogger(__name__)

POLL_INTERVAL_S = 1.0  # between two looks for new logs, models and settings; a hint makes it sooner
AFTER_ERROR_S = 5.0

F = TypeVar("F", bound=LogWorker[Any])


class LogWorkers(ABC, Generic[F]):
    """Follows logs until told to stop."""

    prefix: ClassVar[str]  # of the names of their leases
    group: ClassVar[str]  # of the processes that share the logs
    kinds: ClassVar[tuple[str, ...]] = (hints.EVENTS, hints.SETUP, hints.WATCH)  # of hints that it hears

    def __init__(self) -> None:
        self.followers: dict[int, F] = {}
        self._not_before: dict[int, float] = {}  # logs that failed, and when to try them again
        self._member = leases.Member(self.group)
        self._polled_at = float("-inf")

    @abstractmethod
    def follow(self, log: EventLog, models: Mapping[int, MinedModel], held: leases.Held) -> F:
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

    def turn(self) -> float:
        """Let each follower learn a chunk and save what is due; when the next turn is due at the latest."""
        now = time.monotonic()
        try:
            if now - self._polled_at >= POLL_INTERVAL_S:
                self.look(now)
            behind = self._behind()
        except DatabaseError as error:
            logger.warning("Waiting for the database: %s", error)
            connection.close()  # the next query opens it again
            return now + 1.0
        due = [now + POLL_INTERVAL_S]
        for log, follower in sorted(self.followers.items(), key=lambda item: item[1].painted_at):
            try:
                learnt = follower.tick() if log in behind else 0
                saved_by = follower.save_due(time.monotonic())
                due.append(now if learnt else saved_by)
            except leases.LeaseLostError:
                logger.warning("Log %s has another owner now", follower.log.slug)
                self._drop(log)
            except Exception:
                logger.exception("Log %s failed; it begins again from what is stored", follower.log.slug)
                connection.close()  # it may be the database that failed
                self._drop(log)
                self._not_before[log] = now + AFTER_ERROR_S
        return min(due)

    def wake(self) -> None:
        """Look with the next turn."""
        self._polled_at = float("-inf")

    def _behind(self) -> set[int]:
        """The followed logs that hold events not learnt yet, in one query for all."""
        ends = EventLog.objects.filter(pk__in=self.followers).values_list("pk", "next_seq")
        return {pk for pk, next_seq in ends if next_seq - 1 > self.followers[pk].live.seq}

    def _drop(self, log: int) -> None:
        """Stop following without saving: what was not saved is not ours to save, or will be learnt again."""
        for painter in self.followers.pop(log).painters.values():
            painter.close()

    def close(self) -> None:
        """A clean end."""
        for follower in self.followers.values():
            self._let_go(follower)
        self.followers.clear()
        with contextlib.suppress(DatabaseError):
            self._member.leave()

    def _let_go(self, follower: F) -> None:
        try:
            follower.close()
        except (leases.LeaseLostError, DatabaseError) as error:
            logger.warning("Log %s was not saved at the end: %r", follower.log.slug, error)

    def look(self, now: float) -> None:
        """Take up logs nobody follows, renew the leases of ours, notice what was changed."""
        self._polled_at = now
        logs = {log.pk: log for log in EventLog.objects.all()}
        models: dict[int, dict[int, MinedModel]] = {pk: {} for pk in logs}
        for model in MinedModel.objects.defer("picture", "definition"):  # which are large, and ours are the newer ones
            models.setdefault(model.log_id, {})[model.pk] = model
        states = {state.log_id: state for state in LogState.objects.all()}
        wanted = {pk for pk, log in logs.items() if self.wants(log, models[pk], states.get(pk))}
        share = self._member.share(len(wanted))
        for pk, follower in list(self.followers.items()):
            if pk not in logs or not self._keeps(follower):
                self._drop(pk)
            elif pk not in wanted or len(self.followers) > share:
                self._let_go(self.followers.pop(pk))
            elif not follower.refresh(logs[pk], models[pk], states.get(pk)):
                logger.info("Log %s is begun anew: its settings changed", follower.log.slug)
                self._drop(pk)
        for pk in wanted - self.followers.keys():
            if len(self.followers) < share and now >= self._not_before.get(pk, now):
                self._take_up(logs[pk], models[pk], now)

    def _keeps(self, follower: F) -> bool:
        """Renew its lease where that is due; whether it was ours all the time."""
        fence = follower.held.fence
        return follower.held.keep() and follower.held.fence == fence

    def _take_up(self, log: EventLog, models: Mapping[int, MinedModel], now: float) -> None:
        held = leases.Held(f"{self.prefix}:{log.pk}")
        if not held.keep():
            return
        try:
            self.followers[log.pk] = self.follow(log, models, held)
            gc.freeze()  # the collector need not walk a whole prefix tree again and again
        except NotMinedError:
            held.let_go()
        except Exception:
            logger.exception("Log %s cannot be followed; it is tried again", log.slug)
            self._not_before[log.pk] = now + AFTER_ERROR_S
