"""An event as rules see it, and what is known of its case."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson

from rules.core.expressions import scope

MAX_ATTRIBUTES = 16 * 1024  # bytes as JSON; an event with more has none for rules


@dataclass(frozen=True, slots=True)
class Event:
    """A stored event."""

    seq: int
    case: str
    activity: str
    at: datetime
    received_at: datetime
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def small(self) -> dict[str, Any]:
        """Its attributes, none where they are more than an expression may have to look through."""
        if not self.attributes:
            return self.attributes
        try:
            return self.attributes if len(orjson.dumps(self.attributes)) <= MAX_ATTRIBUTES else {}
        except TypeError:  # a number that nothing here can count with
            return {}

    def told(self) -> dict[str, Any]:
        """What a match keeps of it."""
        return {
            "seq": self.seq,
            "activity": self.activity,
            "at": self.at.isoformat(),
            "received_at": self.received_at.isoformat(),
            "attributes": self.small,
        }


@dataclass(slots=True)
class Facts:
    """A case as far as its events are known, in the order in which they happened: by (``at``, ``seq``)."""

    length: int = 0
    started_at: datetime | None = None
    counts: dict[str, int] = field(default_factory=dict)
    newest: Event | None = None
    way: bytes = b""  # names the activities so far, in order
    heard_at: datetime | None = None  # the greatest arrival

    def late(self, event: Event) -> bool:
        """Whether it happened before the newest event that is known."""
        return self.newest is not None and event.at < self.newest.at

    def add(self, event: Event) -> "CaseEvent":
        """The next event, which is not late; as rules see it."""
        before, way = self.newest, self.way
        started_at = self.started_at or event.at
        self.length += 1
        self.counts[event.activity] = self.counts.get(event.activity, 0) + 1
        self.way = blake2b(way + event.activity.encode(errors="replace"), digest_size=16).digest()
        self.started_at, self.newest = started_at, event
        self.heard_at = event.received_at if self.heard_at is None else max(self.heard_at, event.received_at)
        return CaseEvent(
            event=event,
            length=self.length,
            started_at=started_at,
            duration=event.at - started_at,
            lasted=before.at - started_at if before is not None else timedelta(0),
            counts=self.counts,
            previous=before,
            ways=(way, self.way),
            known_at=self.heard_at,
        )


@dataclass(slots=True)
class CaseEvent:
    """An event in its case, as of when it was known.

    ``lasted`` is how long the case was before it; ``previous`` and ``following`` are its neighbours, of which the
    latter has come before it where it is late. ``ways``: how the case went before it, with it, and from there on.
    """

    event: Event
    length: int
    started_at: datetime
    duration: timedelta
    lasted: timedelta
    counts: dict[str, int]
    previous: Event | None
    ways: tuple[bytes, ...]
    known_at: datetime  # by arrival: the event's own, or that of a late one before it
    following: Event | None = None
    _values: Any = None

    @property
    def activity(self) -> str:
        """Of the event."""
        return self.event.activity

    @property
    def values(self) -> Any:
        """The names of expressions, see `rules.core.expressions.SCOPE`; made once."""
        if self._values is None:
            event, before = self.event, self.previous
            self._values = scope(
                {
                    "event.seq": event.seq,
                    "event.case": event.case,
                    "event.activity": event.activity,
                    "event.at": event.at,
                    "event.received_at": event.received_at,
                    "event.attributes": event.small,
                    "case.length": self.length,
                    "case.started_at": self.started_at,
                    "case.duration_s": self.duration.total_seconds(),
                    "case.activities": self.counts,
                    "previous.activity": before.activity if before is not None else "",
                    "previous.at": before.at if before is not None else event.at,
                    "previous.attributes": before.small if before is not None else {},
                    "now": event.received_at,
                }
            )
        return self._values


def tell(events: Iterable[Event]) -> tuple[Facts, list[CaseEvent]]:
    """A case from its first event on, ordered by (``at``, ``seq``): the facts, and each event as it was then."""
    facts = Facts()
    seen = []
    for event in events:
        one = facts.add(event)
        one.counts = dict(one.counts)
        seen.append(one)
    return facts, seen
