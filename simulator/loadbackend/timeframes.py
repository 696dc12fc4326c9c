"""Timeframes as they come over HTTP, checked, and the bounded room in which they wait."""

from collections import deque
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import msgspec

from foundation.moments import microseconds
from simulator.world.event import Event

LONGEST_US = 24 * 3600 * 1_000_000


class FiveKeys(msgspec.Struct, gc=False):
    """An event on the wire; ``timestamp`` counts as UTC where it has no zone, as simulated time does.

    Source: Distributed Event Factory 0.2.2.
    """

    timestamp: datetime
    activity: str
    caseid: str
    node: str
    group: str


class Body(msgspec.Struct):
    """What a register brings: ``duration`` in microseconds."""

    duration: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_US)]
    events: list[FiveKeys]


_DECODER = msgspec.json.Decoder(Body)


class Timeframe(NamedTuple):
    """A checked timeframe. It keeps its bytes, not its events: they take a fifth of the memory."""

    body: bytes
    events: int
    length_s: float

    @classmethod
    def parse(cls, body: bytes) -> "Timeframe":
        """Check the body of a register; raises ValueError that says what is wrong and where."""
        try:
            read = _DECODER.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{error}; expected {{duration: microseconds, events: [...]}}") from None
        return cls(body, len(read.events), read.duration / 1_000_000)

    def decoded(self) -> list[Event]:
        """Its events, in order."""
        return [_event(keys) for keys in _DECODER.decode(self.body).events]


def _event(keys: FiveKeys) -> Event:
    at = keys.timestamp if keys.timestamp.tzinfo else keys.timestamp.replace(tzinfo=UTC)
    return Event(keys.caseid, keys.activity, keys.node, keys.group, microseconds(at), False)


class Room:
    """Timeframes in their order, at most ``limit_bytes`` of bodies. Callers hold a lock."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.bytes = 0
        self.events = 0
        self._waiting: deque[Timeframe] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def fits(self, timeframe: Timeframe) -> bool:
        """Whether there is room now."""
        return self.bytes + len(timeframe.body) <= self.limit_bytes

    def put(self, timeframe: Timeframe) -> None:
        self._waiting.append(timeframe)
        self.bytes += len(timeframe.body)
        self.events += timeframe.events

    def take(self) -> Timeframe:
        """The oldest; IndexError where there is none."""
        timeframe = self._waiting.popleft()
        self.bytes -= len(timeframe.body)
        self.events -= timeframe.events
        return timeframe

    @property
    def seconds_till_room(self) -> float:
        """How long the oldest one plays."""
        return self._waiting[0].length_s if self._waiting else 0.0
