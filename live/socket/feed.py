"""One task per web process: a hint or 250 ms, then what changed goes to this process's subscriptions.

Tables hold the truth: a look asks for the versions of all watched models in one query, and reads a picture only when it
changed. There is no queue per client: a subscription that may not be sent to now (rate, credit, pause) falls behind,
and later gets one message over all it missed.
"""

import asyncio
import logging
import time
from functools import cache
from typing import Any

from django.db import Error as DatabaseError

from foundation.processes import hints
from live.socket import messages, protocol
from live.socket.messages import Reason
from live.socket.poller import TICK_S, Found, Looker, Wanted
from live.socket.protocol import Ack
from live.socket.sources import LogTail, PictureSource, Source
from live.socket.subscriptions import Subscription, Track, new_source
from models_mining.mined_models.pictures import Picture
from rules.matches.match_store import MATCHES

logger = logging.getLogger(__name__)

AFTER_ERROR_S = 1.0


class Feed:
    """Hands what is new to the subscriptions of this process. All methods run in the server's event loop."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._sources: dict[tuple[str, int], tuple[Source, set[Track]]] = {}
        self._waiting: set[Track] = set()  # for their rate
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()  # the loop itself holds tasks only weakly
        self._looker = Looker()
        self._tick_at = 0.0

    async def add(self, subscription: Subscription, picture: Picture | None, resume: protocol.Resume | None) -> None:
        """Begin: send what ``picture`` has over what the client shows, then follow."""
        self._subscriptions.add(subscription)
        self._follow(subscription)
        track = subscription.tracks.get(PictureSource.kind)
        if track is not None and isinstance(track.source, PictureSource) and picture is not None:
            if not track.source.picture:
                track.source.keep(picture)
            if resume is not None and resume.epoch == picture["epoch"] and resume.version <= picture["version"]:
                track.shown.epoch, track.shown.version = resume.epoch, resume.version
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="live feed")
        await self._offer_all(subscription)

    def remove(self, subscription: Subscription) -> None:
        """End; nothing is sent after this."""
        subscription.alive = False
        self._subscriptions.discard(subscription)
        for kind in list(subscription.tracks):
            self._leave(subscription, kind)

    async def acknowledged(self, subscription: Subscription, ack: Ack) -> bool:
        """The client shows something: credit for what came after. False where nothing of that was awaited."""
        known = subscription.acknowledged(ack)
        await self._offer_all(subscription)
        return known

    async def changed(self, subscription: Subscription) -> None:
        """Pause, rate or content was configured anew."""
        self._follow(subscription)
        await self._offer_all(subscription)

    async def resync(self, subscription: Subscription) -> None:
        """Send the whole picture, at once and whatever the rate."""
        for track in subscription.tracks.values():
            if track.source.kind == PictureSource.kind:
                track.restart()
                await self._offer(track)

    # --- sources and who follows them -------------------------------------------------

    def _follow(self, subscription: Subscription) -> None:
        wanted = subscription.sources()
        for kind in set(subscription.tracks) - {kind for kind, _ in wanted}:
            self._leave(subscription, kind)
        for kind, key in wanted:
            if kind not in subscription.tracks:
                source, tracks = self._sources.setdefault((kind, key), (new_source(kind), set()))
                subscription.tracks[kind] = track = Track(subscription, source)
                tracks.add(track)

    def _leave(self, subscription: Subscription, kind: str) -> None:
        track = subscription.tracks.pop(kind)
        self._waiting.discard(track)
        key = (kind, subscription.model if kind == PictureSource.kind else subscription.log)
        tracks = self._sources[key][1]  # type: ignore[index]  # who follows a picture has a model
        tracks.discard(track)
        if not tracks:
            del self._sources[key]  # type: ignore[arg-type]

    async def end(self, subscription: Subscription, reason: Reason, detail: str) -> None:
        """The subscription is over, whatever its client wants."""
        if subscription.alive:
            self.remove(subscription)
            await subscription.client.ended(subscription, reason, detail)

    # --- the task ---------------------------------------------------------------------

    async def _run(self) -> None:
        with hints.Listener(hints.PICTURES, MATCHES) as listener:
            while self._subscriptions:  # nothing is awaited after the last look here: `add` sees whether we go on
                try:
                    wanted = self._wanted()
                    await self._hand_out(await self._looker.look(listener, wanted), tick=wanted.tick)
                except DatabaseError as error:
                    logger.warning("The live feed cannot read the database, and tries again: %s", error)
                    await asyncio.sleep(AFTER_ERROR_S)
                except Exception:
                    logger.exception("The live feed goes on after an unexpected error")
                    await asyncio.sleep(AFTER_ERROR_S)

    def _wanted(self) -> Wanted:
        wanted = Wanted()
        for (_, key), (source, _) in self._sources.items():
            if isinstance(source, PictureSource):
                wanted.models[key] = source.key
            elif source.kind == "events":
                wanted.events[key] = source.upto
            else:
                counted = wanted.rejections if source.kind == "rejections" else wanted.matches
                counted[key] = source.upto, source.last_id
        if time.monotonic() - self._tick_at >= TICK_S:
            self._tick_at = time.monotonic()
            wanted.tick = True
            for one in self._subscriptions:
                wanted.logs.add(one.log)
                wanted.viewers.setdefault(one.client.viewer, one.client.who)
                if "health" in one.include:
                    wanted.health.add(one.log)
        return wanted

    async def _hand_out(self, found: Found, *, tick: bool) -> None:
        if tick or found.gone_models:
            for subscription in list(self._subscriptions):
                await self._end_if_over(subscription, found)
        for (kind, key), news in found.news.items():
            source, tracks = self._sources.get((kind, key), (None, set()))
            if isinstance(source, PictureSource):
                source.keep(news)
            elif isinstance(source, LogTail):
                source.grow(*news)
            for track in list(tracks):
                if source is not None and _of_another_epoch(track):
                    await self.end(track.subscription, "rebuilt", "The model was mined anew: subscribe again.")
                else:
                    await self._offer(track)
        if tick:
            await self._tick(found.health)

    async def _end_if_over(self, subscription: Subscription, found: Found) -> None:
        slug = found.logs.get(subscription.log)
        if subscription.log in found.gone_logs:
            await self.end(subscription, "deleted", "The log is gone.")
        elif subscription.model in found.gone_models:
            await self.end(subscription, "deleted", "The model is gone.")
        elif slug is not None and slug != subscription.slug:
            await self.end(subscription, "renamed", f"The log is called {slug} now: subscribe to that.")
        elif subscription.client.viewer in found.rights:
            rights = found.rights[subscription.client.viewer]
            if rights is None:
                await self.end(subscription, "signed-out", "The token or session is no longer valid.")
                await subscription.client.hang_up(protocol.NOT_SIGNED_IN)
            elif subscription.log not in rights[0] or ("rejections" in subscription.include and not rights[1]):
                await self.end(subscription, "forbidden", "This may no longer be seen.")

    async def _tick(self, health: dict[int, dict[str, Any]]) -> None:
        """Once a second: health, what waits, who is too slow."""
        now = time.monotonic()
        bodies = {log: messages.members(row) for log, row in health.items()}
        for one in list(self._subscriptions):
            if any(track.too_slow(now) for track in one.tracks.values()):
                self.remove(one)
                await one.client.hang_up(protocol.TOO_SLOW)
                continue
            if "health" in one.include and one.log in bodies:
                await one.client.tell(f'{{"type":"health","sub":{one.sub},{bodies[one.log]}')
            seq, events = one.behind()
            if one.paused and events != one.waiting:
                one.waiting = events
                await one.client.tell(messages.encode(messages.Waiting(one.sub, seq, events)))

    # --- one subscription -------------------------------------------------------------

    async def _offer_all(self, subscription: Subscription) -> None:
        for track in list(subscription.tracks.values()):
            await self._offer(track)

    async def _offer(self, track: Track) -> None:
        """Send what is new, if there is something and it may be sent now; else see to it later."""
        now = time.monotonic()
        ready_at = track.ready_at(now)
        subscription = track.subscription
        if ready_at is None or not subscription.alive:
            return
        if ready_at > now:
            self._waiting.add(track)
            self._wake_at(ready_at - now)
            return
        self._waiting.discard(track)
        text = track.source.message(subscription.sub, track.shown, subscription.include)
        if text is None:
            where = f"/api/v1/models/{subscription.model}/picture/?activities=0.8&paths=0.6"
            await self.end(subscription, "too-large", f"The picture is larger than 1 MiB: GET {where} answers a part.")
            return
        track.sent(now)
        await subscription.client.tell(text)

    def _wake_at(self, wait_s: float) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None and self._timer.when() <= loop.time() + wait_s:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(wait_s, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer = None
        task = asyncio.get_running_loop().create_task(self._send_waiting())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _send_waiting(self) -> None:
        """All whose time has come; the others set the timer anew."""
        waiting, self._waiting = self._waiting, set()
        for track in waiting:
            await self._offer(track)


def _of_another_epoch(track: Track) -> bool:
    """Whether the client shows a picture of an epoch that is over."""
    source = track.source
    return (
        isinstance(source, PictureSource)
        and track.shown.version >= 0
        and source.key is not None
        and (source.key[0] != track.shown.epoch)
    )


@cache
def feed() -> Feed:
    """The feed of this process."""
    return Feed()
