"""Rules in ``manage.py work``: each log that has rules is followed by one worker."""

import contextlib
import logging
import time

from django.db import Error as DatabaseError
from django.db import connection

from foundation.processes import leases
from rules.engine.follow import RuleWorker
from rules.models import Rule
from streams.models import EventLog

logger = logging.getLogger(__name__)

POLL_INTERVAL_S = 1.0  # between two looks for logs with rules
AFTER_ERROR_S = 5.0


class Rules:
    """A part of the working process, see `foundation.processes.work_plugins`."""

    def __init__(self) -> None:
        self.followers: dict[int, RuleWorker] = {}
        self._not_before: dict[int, float] = {}  # logs that failed, and when to try them again
        self._member = leases.Member("rulers")
        self._polled_at = float("-inf")
        self._behind: set[int] = set()

    def turn(self, now: float) -> float:
        """Let each log's rules see a chunk of events, or the clock."""
        try:
            if now - self._polled_at >= POLL_INTERVAL_S:
                self._look(now)
            ends = EventLog.objects.filter(pk__in=self.followers).values_list("pk", "next_seq")
            self._behind = {pk for pk, end in ends if end - 1 > self.followers[pk].seq}
        except DatabaseError as error:
            logger.warning("Rules wait for the database: %s", error)
            connection.close()  # the next query opens it again
            return now + 1.0
        due = [self._polled_at + POLL_INTERVAL_S]
        for pk, follower in list(self.followers.items()):
            try:
                if pk in self._behind and follower.tick():
                    due.append(now)
                else:
                    self._behind.discard(pk)
                    due.append(follower.look(now))
            except leases.LeaseLostError:
                logger.warning("The rules of log %s have another owner now", follower.log.slug)
                del self.followers[pk]
            except Exception:
                logger.exception("The rules of log %s failed; they begin again from what is saved", follower.log.slug)
                connection.close()  # it may be the database that failed
                del self.followers[pk]
                self._not_before[pk] = now + AFTER_ERROR_S
        return min(due)

    @property
    def busy(self) -> bool:
        """Whether a log of ours has events that its rules have not seen."""
        return bool(self._behind)

    def wake(self) -> None:
        """Look with the next turn."""
        self._polled_at = float("-inf")

    def _look(self, now: float) -> None:
        """Take up logs with rules that nobody follows, renew the leases of ours, let go where there are none."""
        self._polled_at = now
        logs = EventLog.objects.filter(pk__in=Rule.objects.filter(enabled=True).values("log"))
        wanted = {log.pk: log for log in logs}
        share = self._member.share(len(wanted))
        for pk, follower in list(self.followers.items()):
            fence = follower.held.fence
            kept = follower.held.keep() and follower.held.fence == fence
            if not kept or pk not in wanted or len(self.followers) > share:
                del self.followers[pk]
                follower.held.let_go()
            elif wanted[pk].end_activities != follower.log.end_activities:
                self.followers[pk] = RuleWorker(wanted[pk], follower.held)
            else:
                follower.log.name, follower.log.slug = wanted[pk].name, wanted[pk].slug
        for pk in sorted(wanted.keys() - self.followers.keys()):
            if len(self.followers) < share and now >= self._not_before.get(pk, now):
                self._take_up(wanted[pk])

    def _take_up(self, log: EventLog) -> None:
        held = leases.Held(f"rules:{log.pk}")
        if not held.keep():
            return
        try:
            self.followers[log.pk] = RuleWorker(log, held)
        except Exception:
            logger.exception("The rules of log %s cannot be followed; it is tried again", log.slug)
            held.let_go()
            self._not_before[log.pk] = time.monotonic() + AFTER_ERROR_S

    def close(self) -> None:
        """A clean end: all is saved already."""
        with contextlib.suppress(DatabaseError):
            for follower in self.followers.values():
                follower.held.let_go()
            self._member.leave()
        self.followers.clear()
