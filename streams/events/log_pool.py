"""What miners, workers and rules share: each process follows its part of the logs, and lets them take turns."""

import contextlib
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Generic, Protocol, TypeVar

from django.db import Error as DatabaseError
from django.db import connection

from foundation.processes.leases import Held, LeaseLostError, Member
from streams.models import EventLog

logger = logging.getLogger(__name__)

POLL_INTERVAL_S = 1.0  # between two looks for logs and settings; a hint makes it sooner
AFTER_DATABASE_S = 1.0  # until the next turn where the database does not answer
AFTER_ERROR_S = 5.0  # until a log that failed is tried again


class NotReadyError(Exception):
    """A log that cannot be followed yet; it is tried again with the next look."""


class LogFollower(Protocol):
    """Follows one log up to event ``seq``, under a lease."""

    log: EventLog
    held: Held

    @property
    def seq(self) -> int:
        """The last event it knows."""

    def close(self) -> None:
        """Save what is not saved yet, and let the lease go."""

    def abandon(self) -> None:
        """Clean up without saving: the log is no longer ours, or is begun again."""


F = TypeVar("F", bound=LogFollower)


class LogPool(ABC, Generic[F]):
    """Follows an even part of the logs, each under a lease of its own."""

    prefix: ClassVar[str]  # of the names of the leases
    group: ClassVar[str]  # of the processes that share the logs
    subject: ClassVar[str] = "Log"  # in messages

    def __init__(self) -> None:
        self.followers: dict[int, F] = {}
        self._not_before: dict[int, float] = {}  # logs that failed, and when to try them again
        self._member = Member(self.group)
        self._polled_at = float("-inf")

    @abstractmethod
    def wanted(self) -> Iterable[int]:
        """Read which logs are to be followed; called once for each look."""

    @abstractmethod
    def begin(self, log: int, held: Held) -> F:
        """Begin to follow a wanted log; raise NotReadyError where that is too early."""

    @abstractmethod
    def refresh(self, follower: F) -> bool:
        """Take up what was changed about a wanted log; False where it must be begun anew."""

    @abstractmethod
    def advance(self, follower: F, now: float, *, behind: bool) -> float:
        """Go on with one log that may have new events; when to come back at the latest (monotonic seconds)."""

    def in_turn(self) -> Iterable[F]:
        """The followers in the order in which they go on."""
        return list(self.followers.values())

    # --- Turns ----------------------------------------------------------------------------

    def wake(self) -> None:
        """Look with the next turn."""
        self._polled_at = float("-inf")

    def turn(self, now: float | None = None) -> float:
        """Let each log go on a step; when the next turn is due at the latest (monotonic seconds)."""
        now = time.monotonic() if now is None else now
        try:
            if now - self._polled_at >= POLL_INTERVAL_S:
                self.look(now)
            behind = self.logs_behind()
        except DatabaseError as error:
            logger.warning("%ss wait for the database: %s", self.subject, error)
            connection.close()  # the next query opens it again
            return now + AFTER_DATABASE_S
        due = [self._polled_at + POLL_INTERVAL_S]
        for follower in self.in_turn():
            try:
                due.append(self.advance(follower, now, behind=follower.log.pk in behind))
            except LeaseLostError:
                logger.warning("%s %s has another owner now", self.subject, follower.log.slug)
                self.drop(follower.log.pk)
            except Exception:
                logger.exception("%s %s failed; it begins again from what is saved", self.subject, follower.log.slug)
                connection.close()  # it may be the database that failed
                self.drop(follower.log.pk)
                self._not_before[follower.log.pk] = now + AFTER_ERROR_S
        return min(due)

    def logs_behind(self) -> set[int]:
        """The followed logs that hold events not followed yet, in one query for all."""
        ends = EventLog.objects.filter(pk__in=self.followers).values_list("pk", "next_seq")
        return {pk for pk, next_seq in ends if next_seq - 1 > self.followers[pk].seq}

    def look(self, now: float) -> None:
        """Take up logs nobody follows, renew the leases of ours, notice what was changed."""
        self._polled_at = now
        wanted = set(self.wanted())
        share = self._member.share(len(wanted))
        for pk, follower in list(self.followers.items()):
            if not follower.held.keeps():
                self.drop(pk)
            elif pk not in wanted or len(self.followers) > share:
                self._let_go(self.followers.pop(pk))
            elif not self.refresh(follower):
                logger.info("%s %s is begun anew: its settings changed", self.subject, follower.log.slug)
                self.drop(pk)
        for pk in sorted(wanted - self.followers.keys()):
            if len(self.followers) < share and now >= self._not_before.get(pk, now):
                self._take_up(pk, now)

    def drop(self, log: int) -> None:
        """Stop following without saving: what was not saved is not ours to save, or will be learnt again."""
        self.followers.pop(log).abandon()

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
        except (LeaseLostError, DatabaseError) as error:
            logger.warning("%s %s was not saved at the end: %r", self.subject, follower.log.slug, error)

    def _take_up(self, log: int, now: float) -> None:
        held = Held(f"{self.prefix}:{log}")
        if not held.keep():
            return
        try:
            self.followers[log] = self.begin(log, held)
        except NotReadyError:
            held.let_go()
        except Exception:
            logger.exception("%s %s cannot be followed; it is tried again", self.subject, log)
            self._not_before[log] = now + AFTER_ERROR_S
