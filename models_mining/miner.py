"""The mining process: every log that no other miner owns gets a follower, and the followers take turns."""

import gc
import logging
import time
from collections.abc import Callable

from django.db import Error as DatabaseError
from django.db import connection

from models_mining.follow import Follower, LeaseLostError
from models_mining.models import MinedModel
from streams import hints, leases
from streams.models import EventLog

logger = logging.getLogger(__name__)

LOOK_S = 1.0  # between two looks for new logs, models and settings; a hint makes it sooner
AFTER_ERROR_S = 5.0


class Miner:
    """Follows logs until told to stop."""

    def __init__(self) -> None:
        self.followers: dict[int, Follower] = {}
        self._not_before: dict[int, float] = {}  # logs that failed, and when to try them again
        self._looked_at = self._renewed_at = float("-inf")

    def run(self, stopped: Callable[[], bool]) -> None:
        """Mine until ``stopped`` is true; then save everything and let go."""
        with hints.Listener(hints.EVENTS, hints.SETUP, hints.WATCH) as listener:
            due = time.monotonic()
            while not stopped():
                heard = listener.wait(max(0.0, min(hints.POLL_S, due - time.monotonic())))
                if any(kind != hints.EVENTS for kind, _ in heard):
                    self._looked_at = float("-inf")
                due = self.turn()
        self.close()

    def turn(self) -> float:
        """Let each follower learn a chunk and save what is due; when the next turn is due at the latest."""
        now = time.monotonic()
        try:
            if now - self._looked_at >= LOOK_S:
                self._look(now)
            behind = self._behind()
        except DatabaseError as error:
            logger.warning("Mining waits for the database: %s", error)
            connection.close()  # the next query opens it again
            return now + 1.0
        due = [now + LOOK_S]
        for log, follower in list(self.followers.items()):
            try:
                learnt = follower.step() if log in behind else 0
                saved_by = follower.save_due(time.monotonic())
                due.append(now if learnt else saved_by)
            except LeaseLostError as error:
                logger.warning("%s", error)
                del self.followers[log]
            except Exception:
                logger.exception("Mining of log %s failed; it begins again from what is stored", follower.log.slug)
                connection.close()  # it may be the database that failed
                del self.followers[log]
                self._not_before[log] = now + AFTER_ERROR_S
        return min(due)

    def _behind(self) -> set[int]:
        """The followed logs that hold events not learnt yet, in one query for all."""
        ends = EventLog.objects.filter(pk__in=self.followers).values_list("pk", "next_seq")
        return {pk for pk, next_seq in ends if next_seq - 1 > self.followers[pk].live.seq}

    def drain(self) -> int:
        """Learn all that is stored now, save it, and let go; how many events that were."""
        self._look(time.monotonic())
        learnt = 0
        for follower in self.followers.values():
            while step := follower.step():
                learnt += step
        self.close()
        return learnt

    def close(self) -> None:
        """A clean end."""
        for follower in self.followers.values():
            try:
                follower.close()
            except (LeaseLostError, DatabaseError) as error:
                logger.warning("Log %s was not saved at the end: %s", follower.log.slug, error)
        self.followers.clear()

    def _look(self, now: float) -> None:
        """Take up logs nobody follows, renew the leases of ours, notice what was changed."""
        self._looked_at = now
        renew = now - self._renewed_at >= leases.renew_s()
        if renew:
            self._renewed_at = now
        logs = {log.pk: log for log in EventLog.objects.all()}
        models: dict[int, dict[int, MinedModel]] = {pk: {} for pk in logs}
        for model in MinedModel.objects.defer("picture"):  # which is large, and ours is the newer one
            models.setdefault(model.log_id, {})[model.pk] = model
        for gone in self.followers.keys() - logs.keys():
            del self.followers[gone]
        for pk, log in logs.items():
            follower = self.followers.get(pk)
            if follower is not None and renew and leases.acquire(follower.lease) != follower.fence:
                del self.followers[pk]
                follower = None
            if follower is not None and not follower.refresh(log, models[pk]):
                logger.info("Log %s is mined anew: its settings changed", log.slug)
                del self.followers[pk]
                follower = None
            if follower is None and now >= self._not_before.get(pk, now):
                self._take_up(log, now)

    def _take_up(self, log: EventLog, now: float) -> None:
        fence = leases.acquire(f"log:{log.pk}")
        if fence is None:
            return
        try:
            self.followers[log.pk] = Follower(log, fence)
            gc.freeze()  # the collector need not walk a whole prefix tree again and again
        except Exception:
            logger.exception("Log %s cannot be mined; it is tried again", log.slug)
            self._not_before[log.pk] = now + AFTER_ERROR_S
