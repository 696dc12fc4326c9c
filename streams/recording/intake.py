"""From a batch of messages to rows: each message becomes an event, a duplicate, a rejection or is ignored.

First every message is read (pure), then the whole batch is stored in one transaction, which may be tried again.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import DataError, IntegrityError, transaction

from streams.brokers.base import BrokerMessage, Ledger
from streams.events.store import ArchivedError, NewEvent, log_named, store_events
from streams.models import Rejection, Stream, plus
from streams.parsing import topics
from streams.parsing.payloads import ParsedEvent, Reading
from streams.parsing.values import PayloadError
from streams.rejections.store import Refused

IGNORED_KEPT = 100  # of a stream, as rows with the reason ``ignored``
NOT_STORABLE = (DataError, IntegrityError, ValueError, TypeError, OverflowError)  # one row's fault, not the database's
_LEVELS = "Fewer than three levels after the base (process, case, activity): not an event of this convention."

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Read:
    """A message after reading, of a stream: an event, a refusal, a reason to ignore it, or (none of them) known."""

    message: BrokerMessage
    stream: Stream
    event: ParsedEvent | None = None
    refused: PayloadError | None = None
    ignored: str = ""


class Route:
    """One stream's topic filter and the way its messages are read."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.filter = stream.filter
        self.reading = Reading.of(stream.format, stream.topic, stream.mapping, stream.options)
        self.retained = bool(stream.options.get("retained", False))
        plain = self.filter.endswith("/#") and "+" not in self.filter
        self._prefix = self.filter[:-1] if plain else None

    def takes(self, topic: str) -> bool:
        """Whether the topic is one of this stream's."""
        if self._prefix is not None and topic.startswith(self._prefix):
            return True
        return topics.matches(self.filter, topic)

    def read(self, message: BrokerMessage) -> Read:
        """What the message says."""
        read = Read(message, self.stream)
        if message.retain and not self.retained:
            read.ignored = "A retained message tells what was, not what happens; the option `retained` takes it."
            return read
        try:
            read.event = self.reading.parse(message.topic, message.payload, message.received_at)
        except PayloadError as error:
            read.refused = error
            return read
        if read.event is None:
            read.ignored = _LEVELS
        return read


class Intake:
    """Takes the messages of one broker for the streams registered on it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.routes: list[Route] = []
        self._logs: dict[str, int] = {}
        self._refused = Refused()

    def set_up(self, streams: Iterable[Stream]) -> None:
        """The streams as they are now; what was known of logs is forgotten, for they may have been renamed."""
        self.routes = [Route(stream) for stream in streams]
        self._logs.clear()

    @property
    def streams(self) -> list[Stream]:
        """What messages are taken for."""
        return [route.stream for route in self.routes]

    def read(self, messages: Sequence[BrokerMessage]) -> list[Read]:
        """Read a batch; messages of no stream are logged and left out."""
        reads: list[Read] = []
        strays: list[BrokerMessage] = []
        route: Route | None = None
        for message in messages:
            if route is None or not route.takes(message.topic):
                route = next((route for route in self.routes if route.takes(message.topic)), None)
            if route is None:
                strays.append(message)
            elif self.ledger.is_redelivery(message):
                reads.append(Read(message, route.stream))
            else:
                reads.append(route.read(message))
        if strays:
            log.warning("%d messages of no enabled stream were passed over, as %s", len(strays), strays[0].topic)
        return reads

    def store(self, reads: Sequence[Read]) -> None:
        """Store a batch in one transaction: events, rejections, counters, what was taken.

        Raises LeaseLostError, EventLog.DoesNotExist where a log is gone, and what the database raises; then nothing
        was stored and the call may be repeated.
        """
        try:
            with transaction.atomic():
                refused = self._store(reads)
        except BaseException:
            self._logs.clear()  # logs opened here were never committed
            raise
        for (slug, reason), (count, first) in refused.items():
            log.warning("stream %s: %d refused (%s), as %s", slug, count, reason, first)

    def store_or_refuse(self, read: Read) -> None:
        """Store one message of a batch that the database refused; the culprit becomes a rejection."""
        try:
            self.store([read])
        except NOT_STORABLE as error:
            reason = PayloadError("not_storable", f"The database refused it: {error}")
            if isinstance(error, ArchivedError):
                reason = error
            self.store([Read(read.message, read.stream, refused=reason)])

    def _store(self, reads: Sequence[Read]) -> dict[tuple[str, str], tuple[int, str]]:
        counts: dict[int, Counter[str]] = defaultdict(Counter)
        rejections: list[Rejection] = []
        refused: dict[tuple[str, str], tuple[int, str]] = {}
        new: list[NewEvent] = []
        without_id: list[BrokerMessage] = []
        for read in reads:
            stream, event, error = read.stream, read.event, read.refused
            if event is None or event.event_id is None:
                without_id.append(read.message)
            if event is not None:
                try:
                    new.append(_new_event(self._log_of(stream, event), stream.id, event, read.message.received_at))
                    continue
                except PayloadError as too_many:
                    error = too_many
            count = counts[stream.id]
            if error is not None:
                count["rejected"] += 1
                rejections.append(_rejection(read, error.reason, error.detail))
                before, first = refused.get((stream.slug, error.reason), (0, read.message.topic))
                refused[stream.slug, error.reason] = (before + 1, first)
            elif read.ignored:
                if stream.ignored + count["ignored"] < IGNORED_KEPT:
                    rejections.append(_rejection(read, "ignored", read.ignored))
                count["ignored"] += 1
            else:
                count["duplicates"] += 1
        seqs = store_events(new) if new else []
        stored = Counter((event.stream_id or 0, seq is None) for event, seq in zip(new, seqs, strict=True))
        for (stream_id, known), number in stored.items():
            counts[stream_id]["duplicates" if known else "stored"] += number
        if rejections:
            self._refused.keep(rejections)
        for stream_id, count in counts.items():
            Stream.objects.filter(pk=stream_id).update(**plus(received=count.total(), **count))
        self.ledger.remember([read.message for read in reads], without_id)
        transaction.on_commit(lambda: self._count_ignored(counts))
        return refused

    def _count_ignored(self, counts: dict[int, Counter[str]]) -> None:
        for route in self.routes:
            route.stream.ignored += counts[route.stream.id]["ignored"]

    def _log_of(self, stream: Stream, event: ParsedEvent) -> int:
        if stream.log_id is not None:
            return stream.log_id
        name = event.process
        if name is None or name not in self._logs:
            found = log_named(name, stream)
            name = found.name
            self._logs[name] = found.pk
        return self._logs[name]


def _new_event(log_id: int, stream_id: int, event: ParsedEvent, received_at: datetime) -> NewEvent:
    return NewEvent(
        log_id,
        event.case,
        event.activity,
        event.at,
        received_at,
        event.at_source,
        event.event_id,
        event.attributes,
        stream_id,
    )


def _rejection(read: Read, reason: str, detail: str) -> Rejection:
    message = read.message
    return Rejection(
        stream=read.stream,
        received_at=message.received_at,
        topic=message.topic.replace("\0", "\N{SYMBOL FOR NULL}"),  # MQTT forbids it, but not every broker does
        payload=message.payload[: Rejection.MAX_PAYLOAD],
        reason=reason,
        detail=detail.replace("\0", "\N{SYMBOL FOR NULL}"),
    )
