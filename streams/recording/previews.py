"""What a stream would make of messages, without storing anything: the same reading as recording does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streams.brokers.base import BrokerMessage
from streams.brokers.listening import Heard
from streams.models import Rejection, Stream
from streams.parsing.payloads import ParsedEvent
from streams.recording.intake import Route

KEPT = 30  # refused messages that are looked at


@dataclass(frozen=True, slots=True)
class Preview:
    """A message and what would become of it: an event, or a reason against it (``ignored``: it is none, quietly)."""

    message: BrokerMessage
    event: ParsedEvent | None
    reason: str
    detail: str


def previews(stream: Stream, messages: Iterable[BrokerMessage]) -> list[Preview]:
    """How ``stream``, which need not be saved, reads each message."""
    route = Route(stream)
    return [_preview(route, message) for message in messages]


def _preview(route: Route, message: BrokerMessage) -> Preview:
    if not route.takes(message.topic):
        return Preview(message, None, "other_topic", f"It is none of {route.filter}.")
    read = route.read(message)
    if read.refused is not None:
        return Preview(message, None, read.refused.reason, read.refused.detail)
    return Preview(message, read.event, "ignored" if read.ignored else "", read.ignored)


def refused(rejections: Sequence[Rejection]) -> list[Heard]:
    """Refused messages as they came."""
    return [Heard(row.topic, bytes(row.payload), row.received_at) for row in rejections]
