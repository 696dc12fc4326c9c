"""Who may connect, and how much a client may send: in memory, for one process."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from live.socket import protocol

STRANGERS = 100  # connections of a process that are not signed in yet; each has 10 s


class Admission:
    """The connections of this process."""

    def __init__(self) -> None:
        self._strangers: set[Any] = set()
        self._users: dict[Any, int] = {}  # connection → user
        self._of_user: Counter[int] = Counter()

    def enter(self, connection: Any) -> bool:
        """Somebody came; False where too many wait to sign in."""
        if len(self._strangers) >= STRANGERS:
            return False
        self._strangers.add(connection)
        return True

    def sign_in(self, connection: Any, user: int) -> int | None:
        """Somebody is known now; the code to close with, where there are too many."""
        if len(self._users) >= settings.LIVE_CONNECTIONS:
            return protocol.OVERLOADED
        if self._of_user[user] >= settings.LIVE_CONNECTIONS_A_USER:
            return protocol.TOO_MANY
        self._strangers.discard(connection)
        self._users[connection] = user
        self._of_user[user] += 1
        return None

    def leave(self, connection: Any) -> None:
        """A connection is gone."""
        self._strangers.discard(connection)
        user = self._users.pop(connection, None)
        if user is not None:
            self._of_user[user] -= 1
            if not self._of_user[user]:
                del self._of_user[user]


@dataclass
class Allowance:
    """A bucket of ``most`` messages that fills with ``per_s`` a second."""

    per_s: float
    most: float
    left: float = field(init=False)
    at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.left = self.most

    def take(self) -> bool:
        """One message more; False where there is none left."""
        now = time.monotonic()
        self.left = min(self.most, self.left + (now - self.at) * self.per_s)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True
