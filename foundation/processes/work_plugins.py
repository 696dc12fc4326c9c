"""What else ``manage.py work`` does: apps above register their part of it when they are ready.

A part is made once for each worker, and takes turns with the others in one thread: what would take long it does in a
`foundation.processes.children.Child`. It shares its work with other workers through leases, and begins from its tables.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Protocol

from django.db import Error as DatabaseError
from django.db import connection

from foundation.registry import ExtensionPoint

logger = logging.getLogger(__name__)


class WorkPlugin(Protocol):
    """One kind of work, piece by piece."""

    @property
    def busy(self) -> bool:
        """Whether something is left to do now."""

    def turn(self, now: float) -> float:
        """Do what is due, and tell when to come back at the latest (monotonic seconds). Survives the database."""

    def wake(self) -> None:
        """Look with the next turn: something was stored or changed."""

    def close(self) -> None:
        """A clean end."""


class PolledPart(ABC):
    """A part that looks at its tables at intervals, and as soon as it is woken; no error of a turn ends the worker."""

    subject: ClassVar[str]  # in messages
    poll_s: ClassVar[float] = 1.0

    def __init__(self) -> None:
        self._polled_at = float("-inf")

    @property
    def busy(self) -> bool:
        """Never, unless a part says otherwise: what is due is done at once."""
        return False

    @abstractmethod
    def work(self, now: float, *, look: bool) -> float:
        """Go on with what is under way, and ``look`` for more; when to come back at the latest (monotonic seconds)."""

    def wake(self) -> None:
        """Look with the next turn."""
        self._polled_at = float("-inf")

    def turn(self, now: float) -> float:
        """Do what is due; when to come back at the latest (monotonic seconds)."""
        look = now - self._polled_at >= self.poll_s
        if look:
            self._polled_at = now
        try:
            return self.work(now, look=look)
        except DatabaseError as error:
            logger.warning("%s wait for the database: %s", self.subject, error)
        except Exception:
            logger.exception("%s failed; they are tried again", self.subject)
        connection.close()  # it may be the database that failed; the next query opens it again
        return now + self.poll_s

    def close(self) -> None:  # noqa: B027  most parts have nothing to end
        """A clean end."""


WORK_PLUGINS: ExtensionPoint[Callable[[], WorkPlugin]] = ExtensionPoint()
"""The classes of which every worker has one."""
