"""A client's subscription: what it follows, what it was sent, when it may be sent more. Pure, but for the clock."""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Protocol

from foundation.access import Token, User
from live.socket import protocol
from live.socket.messages import Reason
from live.socket.protocol import Ack
from live.socket.sources import LogTail, PictureSource, Shown, Source

COUNTED = ("rejections", "matches")  # numbered as this server sees them
TAILS = ("events", *COUNTED)
EARLY = 0.25  # of an interval: what comes so little too early need not wait; the mean rate stays


class Client(Protocol):
    """The connection that a subscription belongs to."""

    viewer: Hashable  # connections with the same one have the same rights

    async def tell(self, text: str) -> None:
        """Send one frame."""

    async def hang_up(self, code: int) -> None:
        """Close the connection."""

    async def ended(self, subscription: "Subscription", reason: Reason, detail: str) -> None:
        """A subscription is over; the feed has forgotten it already."""

    def who(self) -> tuple[User, Token] | None:
        """Whose it is by now, None where the sign-in no longer holds. Reads the database."""


@dataclass(eq=False)
class Track:
    """One source as one subscription follows it: what was sent last, and what of that is not acknowledged."""

    subscription: "Subscription"
    source: Source
    shown: Shown = field(default_factory=Shown)
    due_at: float = 0.0  # the next message, as the rate allows
    unacknowledged: deque[tuple[int, float]] = field(default_factory=deque)  # version, moment sent
    waits: bool = False  # for its rate

    def ready_at(self, now: float) -> float | None:
        """When a message may be sent: now or later; None: nothing to send, or no credit (an `ack` comes back here)."""
        subscription = self.subscription
        if subscription.paused or not self.source.has_news_for(self.shown):
            return None
        if len(self.unacknowledged) >= protocol.UNACKNOWLEDGED:
            return None
        return max(now, self.due_at - subscription.interval_s * EARLY)

    def sent(self, now: float) -> None:
        """The newest state was sent."""
        self.shown = self.source.newest()
        self.due_at = max(now, self.due_at) + self.subscription.interval_s
        if self.subscription.acknowledges:
            self.unacknowledged.append((self.shown.version, now))

    def acknowledged(self, version: int) -> bool:
        """The client shows ``version``; False where it was not sent such a message, or said so before."""
        known = bool(self.unacknowledged) and self.unacknowledged[0][0] <= version
        while self.unacknowledged and self.unacknowledged[0][0] <= version:
            self.unacknowledged.popleft()
        return known

    def too_slow(self, now: float) -> bool:
        """Whether a message was not acknowledged for too long."""
        return bool(self.unacknowledged) and now - self.unacknowledged[0][1] > protocol.TOO_SLOW_S

    def restart(self) -> None:
        """From the whole state again, at once."""
        self.shown, self.due_at = Shown(), 0.0
        self.unacknowledged.clear()


@dataclass(eq=False)
class Subscription:
    """A client's view of one log, and mostly of one model of it."""

    sub: int
    client: Client
    log: int
    slug: str
    model: int | None
    include: frozenset[str]
    interval_s: float
    acknowledges: bool = True
    paused: bool = False
    alive: bool = True
    tracks: dict[str, Track] = field(default_factory=dict)  # by the kind of their source
    waiting: int = 0  # events that a paused client was told of

    def sources(self) -> set[tuple[str, int]]:
        """What it follows: kind and key of the sources it needs."""
        wanted: set[tuple[str, int]] = {(kind, self.log) for kind in TAILS if kind in self.include}
        if self.model is not None and self.include & {"model", "moves"}:
            wanted.add((PictureSource.kind, self.model))
        return wanted

    def rate(self, rate_hz: float) -> None:
        """At most so many messages a second of each kind."""
        least = 0.0 if self.acknowledges else protocol.NO_ACK_INTERVAL_S
        self.interval_s = max(1 / rate_hz, least)

    def acknowledged(self, ack: Ack) -> bool:
        """Credit; False where nothing of it was awaited."""
        said: dict[str, Any] = {kind: getattr(ack, kind) for kind in (PictureSource.kind, *TAILS)}
        known = [track.acknowledged(said[kind]) for kind, track in self.tracks.items() if said[kind] is not None]
        return any(known)

    def behind(self) -> tuple[int, int]:
        """The newest event, and how many came since the last message."""
        tracks = [
            track for track in self.tracks.values() if track.source.kind not in COUNTED and track.shown.version >= 0
        ]
        newest = max((track.source.seq for track in tracks), default=0)
        return newest, max((track.source.seq - track.shown.seq for track in tracks), default=0)


def new_source(kind: str) -> Source:
    """A source that knows nothing yet."""
    return PictureSource() if kind == PictureSource.kind else LogTail(kind)
