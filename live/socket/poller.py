"""One look at the tables, in a thread of its own, whose connection to the database stays open."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection

from foundation.access import Token, User
from foundation.processes import hints
from live.socket import protocol, queries
from live.socket.sources import PictureSource
from models_mining.mined_models.watching import watch

TICK_S = 1.0  # between two looks at health and rejections
RIGHTS_S = 5.0  # … at who may still see what
WATCH_S = 5.0  # between two words that somebody watches a model
RATE_WINDOW_S = 5.0  # events a second are counted over so long

Rights = tuple[set[int], bool]  # the logs that may be seen; whether what was refused may be
Who = Callable[[], tuple[User, Token] | None]


@dataclass
class Wanted:
    """What the subscriptions follow, and what is known of it."""

    models: dict[int, tuple[str, int] | None] = field(default_factory=dict)  # the picture's epoch and version
    events: dict[int, int] = field(default_factory=dict)  # by log: number of the newest
    rejections: dict[int, tuple[int, int]] = field(default_factory=dict)  # by log: number and id of the newest
    matches: dict[int, tuple[int, int]] = field(default_factory=dict)  # the same
    tick: bool = False  # another second is over; then also:
    health: set[int] = field(default_factory=set)  # logs
    logs: set[int] = field(default_factory=set)  # all that are followed
    viewers: dict[Hashable, Who] = field(default_factory=dict)


@dataclass
class Found:
    """What is new."""

    logs: dict[int, str] = field(default_factory=dict)  # their slugs
    gone_logs: set[int] = field(default_factory=set)
    gone_models: set[int] = field(default_factory=set)
    news: dict[tuple[str, int], Any] = field(
        default_factory=dict
    )  # by source: its picture, or what `LogTail.grow` takes
    health: dict[int, dict[str, Any]] = field(default_factory=dict)
    rights: dict[Hashable, Rights | None] = field(default_factory=dict)  # None: no longer signed in


class Looker:
    """Waits for a hint, then reads."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "live feed")
        self._models_at = self._watch_at = self._rights_at = 0.0
        self._stored: dict[int, deque[tuple[float, int]]] = {}

    async def look(self, listener: hints.Listener, wanted: Wanted) -> Found:
        """What is new, as soon as there was a hint, or after 250 ms."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._look, listener, wanted)

    def _look(self, listener: hints.Listener, wanted: Wanted) -> Found:
        hinted = {key for kind, key in listener.wait() if kind == hints.PICTURES}
        try:
            return self._read(wanted, hinted, time.monotonic())
        except DatabaseError:
            connection.close()  # the next look opens it again
            raise

    def _read(self, wanted: Wanted, hinted: set[int], now: float) -> Found:
        found = Found()
        if wanted.tick or now - self._models_at >= hints.POLL_S:
            self._models_at = now
            self._read_models(wanted, found)
        else:  # what hints tell of is read at once, and all models are looked at in time
            self._read_pictures(hinted & set(wanted.models), found)
        if wanted.events or wanted.tick:
            self._read_logs(wanted, found)
        if now - self._watch_at >= WATCH_S:
            self._watch_at = now
            watch(wanted.models)
        _read_counted("matches", queries.matches, wanted.matches, found)
        if wanted.tick:
            _read_counted("rejections", queries.rejections, wanted.rejections, found)
            found.health = {log: row for log in wanted.health if (row := self._health(log, now)) is not None}
            for log in set(self._stored) - set(found.health):
                del self._stored[log]
        if wanted.tick and now - self._rights_at >= RIGHTS_S:
            self._rights_at = now
            found.rights = {viewer: rights_of(who) for viewer, who in wanted.viewers.items()}
        return found

    def _read_models(self, wanted: Wanted, found: Found) -> None:
        versions = queries.versions(wanted.models)
        found.gone_models = set(wanted.models) - set(versions)
        self._read_pictures({model for model, key in versions.items() if key != wanted.models[model]}, found)

    def _read_pictures(self, models: set[int], found: Found) -> None:
        for model, picture in (queries.pictures(models) if models else {}).items():
            found.news[PictureSource.kind, model] = picture

    def _read_logs(self, wanted: Wanted, found: Found) -> None:
        rows = queries.logs(wanted.logs | set(wanted.events))
        found.gone_logs = wanted.logs - set(rows)
        found.logs = {log: slug for log, (slug, _) in rows.items()}
        for log, known in wanted.events.items():
            if log in rows and rows[log][1] > known:
                upto = rows[log][1]
                found.news["events", log] = upto, queries.events(log, max(known, upto - protocol.TAIL), upto)

    def _health(self, log: int, now: float) -> dict[str, Any] | None:
        row = queries.health(log)
        if row is None:
            return None
        seen = self._stored.setdefault(log, deque())
        seen.append((now, row.pop("stored")))
        while seen[-1][0] - seen[0][0] > RATE_WINDOW_S:
            seen.popleft()
        passed_s = seen[-1][0] - seen[0][0]
        return {**row, "events_per_s": round((seen[-1][1] - seen[0][1]) / passed_s, 1) if passed_s else 0.0}


Rows = Callable[[int, int, int], tuple[int, list[dict[str, Any]]]]
"""Log, id, limit → how many rows there are beyond the id, and the newest of them."""


def _read_counted(kind: str, read: Rows, wanted: dict[int, tuple[int, int]], found: Found) -> None:
    """What is numbered as it is seen here: of before the newest nothing is counted."""
    for log, (known, last_id) in wanted.items():
        more, newest = read(log, last_id, protocol.TAIL)
        if newest or known < 0:
            upto = known + more if known >= 0 else len(newest)
            first = upto - len(newest) + 1
            last_id = newest[-1]["id"] if newest else last_id
            found.news[kind, log] = upto, list(enumerate(newest, first)), last_id


def rights_of(who: Who) -> Rights | None:
    """What somebody may see now; None where the sign-in no longer holds."""
    found = who()
    return None if found is None else queries.may_see(*found)
