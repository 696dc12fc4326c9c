"""One task per web process: a hint or 250 ms, then the changed pictures go to this process's subscriptions.

Tables hold the truth: the task asks for the versions of all watched models in one query, reads a picture only when it
changed, and encodes each distinct delta once. There is no queue per client: a subscription that may not be sent to
now (rate, credit, pause) just falls behind, and later gets one delta over all it missed.
"""

import asyncio
import logging
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection

from live import protocol, queries
from models_mining.pictures import Picture, delta, snapshot
from models_mining.watching import watch
from streams import hints

logger = logging.getLogger(__name__)

AFTER_ERROR_S = 1.0
HEALTH_S = 1.0
WATCH_S = 5.0
RATE_WINDOW_S = 5.0  # events a second are counted over so long


@dataclass(eq=False)
class Subscription:
    """A client's view of one model: what it was sent last, and when it may be sent more."""

    sub: int
    model: int
    log: int
    send: Callable[[str], Awaitable[None]]
    close: Callable[[int], Awaitable[None]]
    include: frozenset[str]
    interval_s: float
    acknowledges: bool = True
    paused: bool = False
    epoch: str = ""
    version: int = -1
    sent_at: float = 0.0
    unacknowledged: deque[tuple[int, float]] = field(default_factory=deque)
    timer: asyncio.TimerHandle | None = None


@dataclass
class _Look:
    """What one look at the tables found."""

    gone: set[int]
    pictures: dict[int, Picture]
    health: dict[int, dict[str, Any]]


class Feed:
    """Hands changed pictures to the subscriptions of this process. All methods run in the server's event loop."""

    def __init__(self) -> None:
        self._subscriptions: dict[int, set[Subscription]] = defaultdict(set)
        self._pictures: dict[int, Picture] = {}
        self._bodies: dict[tuple[int, int, frozenset[str]], str | None] = {}
        self._stored: dict[int, deque[tuple[float, int]]] = {}
        self._health_at = self._watch_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "live feed")  # its connection to the database stays open

    async def add(self, subscription: Subscription, picture: Picture | None) -> None:
        """Begin: send what ``picture`` has over what the client shows (its epoch and version), then follow."""
        self._subscriptions[subscription.model].add(subscription)
        known = self._pictures.get(subscription.model)
        if picture is not None and (known is None or _newer(picture, known["epoch"], known["version"])):
            self._keep(subscription.model, picture)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="live feed")
        await self._offer(subscription)

    def remove(self, subscription: Subscription) -> None:
        """End; nothing is sent after this."""
        if subscription.timer is not None:
            subscription.timer.cancel()
        watchers = self._subscriptions.get(subscription.model, set())
        watchers.discard(subscription)
        if not watchers:
            self._subscriptions.pop(subscription.model, None)
            self._pictures.pop(subscription.model, None)

    async def acknowledged(self, subscription: Subscription, version: int) -> None:
        """The client shows ``version``: credit for what came after."""
        while subscription.unacknowledged and subscription.unacknowledged[0][0] <= version:
            subscription.unacknowledged.popleft()
        await self._offer(subscription)

    async def changed(self, subscription: Subscription) -> None:
        """Pause, rate or content was configured anew."""
        await self._offer(subscription)

    async def resync(self, subscription: Subscription) -> None:
        """Send the whole picture, at once and whatever the rate."""
        subscription.epoch, subscription.version, subscription.sent_at = "", -1, 0.0
        subscription.unacknowledged.clear()
        await self._offer(subscription)

    # --- the task ---------------------------------------------------------------------

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        with hints.Listener(hints.PICTURES) as listener:
            while self._subscriptions:  # nothing is awaited after the last look here: `add` sees whether we go on
                try:
                    await self._hand_out(await loop.run_in_executor(self._thread, self._look, listener, self._wanted()))
                except DatabaseError as error:
                    logger.warning("The live feed cannot read the database, and tries again: %s", error)
                    await asyncio.sleep(AFTER_ERROR_S)
                except Exception:
                    logger.exception("The live feed goes on after an unexpected error")
                    await asyncio.sleep(AFTER_ERROR_S)

    def _wanted(self) -> dict[int, int]:
        """The log of each watched model."""
        return {model: next(iter(watchers)).log for model, watchers in self._subscriptions.items() if watchers}

    def _look(self, listener: hints.Listener, wanted: dict[int, int]) -> _Look:
        """Wait for a hint, then read what changed. Runs in the feed's own thread, which keeps its connection."""
        listener.wait()
        try:
            return self._read(wanted)
        except DatabaseError:
            connection.close()  # the next look opens it again
            raise

    def _read(self, wanted: dict[int, int]) -> _Look:
        found = queries.versions(wanted)
        stale = [model for model, key in found.items() if key != self._key(model)]
        look = _Look(set(wanted) - set(found), queries.pictures(stale) if stale else {}, {})
        now = time.monotonic()
        if now - self._watch_at >= WATCH_S:
            self._watch_at = now
            watch(wanted)
        if now - self._health_at >= HEALTH_S:
            self._health_at = now
            look.health = {log: row for log in set(wanted.values()) if (row := queries.health(log)) is not None}
        return look

    def _key(self, model: int) -> tuple[str, int] | None:
        picture = self._pictures.get(model)
        return None if picture is None else (picture["epoch"], picture["version"])

    def _keep(self, model: int, picture: Picture) -> None:
        self._pictures[model] = picture
        for key in [key for key in self._bodies if key[0] == model]:
            del self._bodies[key]

    async def _hand_out(self, look: _Look) -> None:
        for model, picture in look.pictures.items():
            if model in self._subscriptions:
                self._keep(model, picture)
        for subscription in [one for watchers in self._subscriptions.values() for one in watchers]:
            if subscription.model in look.gone:
                self.remove(subscription)
                await subscription.send(protocol.encode("ended", sub=subscription.sub, reason="The model is gone."))
                continue
            await self._offer(subscription)
        if look.health:
            await self._send_health(look.health)

    async def _send_health(self, health: dict[int, dict[str, Any]]) -> None:
        now = time.monotonic()
        for log, row in health.items():
            seen = self._stored.setdefault(log, deque())
            seen.append((now, row.pop("stored")))
            while seen[-1][0] - seen[0][0] > RATE_WINDOW_S:
                seen.popleft()
            passed_s = seen[-1][0] - seen[0][0]
            row["events_per_s"] = round((seen[-1][1] - seen[0][1]) / passed_s, 1) if passed_s else 0.0
        for log in set(self._stored) - set(health):
            del self._stored[log]
        for subscription in [one for watchers in self._subscriptions.values() for one in watchers]:
            if "health" in subscription.include and subscription.log in health:
                await subscription.send(protocol.encode("health", sub=subscription.sub, **health[subscription.log]))

    # --- one subscription -------------------------------------------------------------

    async def _offer(self, subscription: Subscription) -> None:
        """Send what is new, if there is something and it may be sent now; else see to it later."""
        picture = self._pictures.get(subscription.model)
        now = time.monotonic()
        if subscription.unacknowledged and now - subscription.unacknowledged[0][1] > protocol.TOO_SLOW_S:
            self.remove(subscription)
            await subscription.close(protocol.TOO_SLOW)
            return
        if picture is None or subscription.paused or not _newer(picture, subscription.epoch, subscription.version):
            return
        if len(subscription.unacknowledged) >= protocol.UNACKNOWLEDGED:
            return  # the next acknowledgement comes back here
        wait_s = subscription.sent_at + subscription.interval_s - now
        if wait_s > 0:
            if subscription.timer is None:
                loop = asyncio.get_running_loop()
                subscription.timer = loop.call_later(wait_s, self._timer_fired, subscription)
            return
        message = self._message(subscription, picture)
        subscription.epoch, subscription.version, subscription.sent_at = picture["epoch"], picture["version"], now
        if subscription.acknowledges:
            subscription.unacknowledged.append((picture["version"], now))
        await subscription.send(message)

    def _timer_fired(self, subscription: Subscription) -> None:
        subscription.timer = None
        if subscription in self._subscriptions.get(subscription.model, ()):
            task = asyncio.ensure_future(self._offer(subscription))
            _running.add(task)
            task.add_done_callback(_running.discard)

    def _message(self, subscription: Subscription, picture: Picture) -> str:
        """A delta where one is possible, else a snapshot; encoded once for all who are at the same version."""
        since = subscription.version if subscription.epoch == picture["epoch"] else -1
        key = (subscription.model, since, subscription.include)
        if key not in self._bodies:
            self._bodies[key] = _body(picture, since, subscription.include)
        body = self._bodies[key]
        if body is None:  # too old for a delta
            subscription.version = since = -1
            body = _body(picture, -1, subscription.include)
        kind = "snapshot" if since < 0 else "delta"
        return f'{{"type":"{kind}","sub":{subscription.sub},{body}'


_running: set[asyncio.Future[None]] = set()  # the loop itself holds tasks only weakly


def _newer(picture: Picture, epoch: str, version: int) -> bool:
    """Whether it shows more than that version. Of another epoch it counts as newer: nobody goes back to one."""
    return bool(picture["epoch"] != epoch or picture["version"] > version)


def _body(picture: Picture, since: int, include: frozenset[str]) -> str | None:
    """The members of a message after ``sub``, as JSON with the closing brace."""
    content = snapshot(picture) if since < 0 else delta(picture, since)
    if content is None:
        return None
    if "model" not in include:
        content = {name: value for name, value in content.items() if name not in ("nodes", "edges", "removed")}
    if "moves" not in include:
        content = {name: value for name, value in content.items() if name not in ("moves", "moves_omitted")}
    return protocol.members(content)


@cache
def feed() -> Feed:
    """The feed of this process."""
    return Feed()
