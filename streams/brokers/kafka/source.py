"""Records of Kafka topics. Source: Apache Kafka's documentation of consumers; KIP-429 (cooperative rebalancing).

All ingesters of an installation are one consumer group, so Kafka divides the partitions among them; records keyed by
case keep a case in one partition. Callbacks run inside `receive`, between two batches: a partition is let go only when
its last batch is committed. Where the format reads the topic, a record has it in the header ``topic``.
"""

import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from foundation.processes import leases
from streams.brokers.base import BrokerError, client_id
from streams.brokers.faults import Fault
from streams.brokers.kafka.client import CONNECT_S, Errors, configuration, in_words, library, reach
from streams.brokers.positions import Positions
from streams.models import Broker, Stream

_SESSION_MIN_S = 6.0  # Kafka's servers refuse less
_TELL_EVERY_S = 1.0
_QUIET_S = 10.0  # after so long without an assignment there is none for us


@dataclass(slots=True)
class Record:
    """One record; ``at_ms`` is its timestamp, by which a topic that was made anew is told from the one before."""

    topic: str
    payload: bytes
    received_at: datetime
    partition: str
    offset: int
    at_ms: int
    retain: bool = False


class KafkaSource:
    """The records of all partitions that the group gave to this process, each partition's in their order."""

    def __init__(self, broker: Broker) -> None:
        self.note: BrokerError | None = None
        self._member = leases.Member(broker.lease)
        self._positions = Positions(broker.pk)
        self._taken: dict[str, tuple[int, int]] = {}  # partition → offset and newest timestamp of what is stored
        self._errors = Errors()
        self._broker = broker
        self._settings = {
            "group.id": client_id(broker.pk),
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "allow.auto.create.topics": False,
            "topic.metadata.refresh.interval.ms": 2000,  # a topic or partition that is new
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": int(max(_SESSION_MIN_S, settings.LEASE_S) * 1000),
            "queued.max.messages.kbytes": 16 * 1024,
        }
        self._kafka = library()
        error = self._kafka.KafkaError
        self._missing = (error.UNKNOWN_TOPIC_OR_PART, error._UNKNOWN_TOPIC)  # noqa: SLF001  so it is called
        self._consumer: Any = None
        self._topics: set[str] = set()
        self._waiting: deque[Any] = deque()
        self._paused = False
        self._assigned = False
        self._failed: Exception | None = None  # in a callback
        self._began_at = 0.0
        self._tell_at = 0.0

    def own(self) -> None:
        """Show that we take part (the group itself gives the partitions), and how much waits in ours."""
        self._member.share(0)
        if self._consumer is not None and time.monotonic() >= self._tell_at:
            self._tell_at = time.monotonic() + _TELL_EVERY_S
            self._positions.tell({name: self._backlog(name) for name in self._taken})

    def connect(self) -> None:
        """See that the cluster answers, and make a consumer."""
        where = configuration(self._broker, self._errors)
        with in_words():
            self._consumer = self._kafka.Consumer(where | self._settings)
        self._began_at = time.monotonic()
        reach(self._consumer, self._errors, CONNECT_S)

    def follow(self, streams: Sequence[Stream]) -> None:
        """Subscribe to the topics; those that are not there yet are taken as soon as they are."""
        topics = {stream.topic for stream in streams}
        if topics != self._topics:
            self._topics = topics
            if topics:
                self._consumer.subscribe(sorted(topics), on_assign=self._on_assign, on_revoke=self._on_revoke)
            else:
                self._consumer.unsubscribe()

    def _on_assign(self, consumer: Any, partitions: list[Any]) -> None:
        """Begin behind what is stored: our table is what counts, also where it was restored from a backup."""
        self._assigned = True
        try:
            for partition in partitions:
                offset = self._take(_name(partition.topic, partition.partition), partition)
                if offset >= 0:
                    partition.offset = offset + 1
            consumer.incremental_assign(partitions)
        except Exception as error:  # noqa: BLE001  the caller is no Python: `receive` raises it
            self._failed = error

    def _take(self, name: str, partition: Any) -> int:
        """Become the owner of a partition; the last offset that is stored, or -1."""
        offset, newest_ms = self._positions.take(name) or (-1, -1)
        _, high = self._consumer.get_watermark_offsets(partition, timeout=CONNECT_S)
        self._taken[name] = (offset, newest_ms) if offset < high else (-1, -1)  # else the topic was made anew
        return self._taken[name][0]

    def _on_revoke(self, consumer: Any, partitions: list[Any]) -> None:
        gone = {_name(partition.topic, partition.partition) for partition in partitions}
        self._positions.let_go(gone)
        for name in gone:
            self._taken.pop(name, None)

    def receive(self, limit: int, timeout_s: float) -> list[Record]:
        """Records in the order of their partitions."""
        if self._paused:
            self._consumer.resume(self._consumer.assignment())
            self._paused = False
        found = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
        with in_words():
            found += self._consumer.consume(limit - len(found), 0 if found else timeout_s) if len(found) < limit else []
            if self._failed is not None:
                raise self._failed
        now = datetime.now(UTC)
        records = []
        for message in found:
            if (refused := message.error()) is None:
                records.append(record_of(message, now))
            elif refused.code() in self._missing:
                self.note = BrokerError(Fault.NO_TOPIC, f"There is no topic {message.topic()} yet.")
            elif refused.fatal() or not refused.retriable():
                raise BrokerError(Fault.UNUSABLE, f"Kafka cannot be used: {refused.str()}.")
        return [record for record in records if record.partition in self._taken]  # others were revoked by now

    def acknowledge(self, messages: Sequence[Record]) -> None:
        """Commit the offsets. A partition that was taken from us meanwhile is known by its position."""
        last: dict[str, int] = {}
        for record in messages:
            last[record.partition] = record.offset
        offsets = []
        for name, offset in last.items():
            topic, _, number = name.rpartition(":")
            offsets.append(self._partition(topic, int(number), offset + 1))
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except self._kafka.KafkaException as error:
            why = f"Kafka did not take our offsets: {error.args[0].str()}. They are kept here."
            self.note = BrokerError(Fault.OFFSETS, why)
        else:
            self.note = None

    def keep_alive(self, timeout_s: float) -> None:
        """Stay in the group; what was fetched before the pause waits here."""
        if not self._paused:
            self._consumer.pause(self._consumer.assignment())
            self._paused = True
        if (message := self._consumer.poll(timeout_s)) is not None:
            self._waiting.append(message)

    @property
    def settled(self) -> bool:
        """Whether the group has given us our partitions, if there are any for us."""
        return self._assigned or time.monotonic() - self._began_at > _QUIET_S

    def close(self) -> None:
        """Leave the group."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()
        self._taken.clear()
        self._waiting.clear()

    def release(self) -> None:
        """Nothing more: who leaves the group leaves its partitions."""
        self._member.leave()

    def is_redelivery(self, message: Record) -> bool:
        """Whether it lies before the position, and is no newer than what was stored up to there."""
        offset, newest_ms = self._taken.get(message.partition, (-1, -1))
        return message.offset <= offset and message.at_ms <= newest_ms

    def remember(self, messages: Sequence[Record], without_id: Sequence[Record]) -> None:
        """Offset and newest timestamp of each partition in the batch, with or without ids."""
        taken: dict[str, tuple[int, int]] = {}
        for record in messages:
            before = taken.get(record.partition, self._taken.get(record.partition, (-1, -1)))
            if record.offset > before[0] or record.at_ms > before[1]:
                taken[record.partition] = (record.offset, max(before[1], record.at_ms))
            else:
                taken[record.partition] = before
        self._positions.write(taken)
        transaction.on_commit(lambda: self._taken.update(taken))

    def _backlog(self, name: str) -> int | None:
        topic, _, number = name.rpartition(":")
        partition = self._partition(topic, int(number))
        _, high = self._consumer.get_watermark_offsets(partition, cached=True)
        [at] = self._consumer.position([partition])
        return max(0, high - at.offset) if high >= 0 and at.offset >= 0 else None

    def _partition(self, *place: Any) -> Any:
        return self._kafka.TopicPartition(*place)


def _name(topic: str, number: int) -> str:
    return f"{topic}:{number}"


def record_of(message: Any, now: datetime) -> Record:
    """A record as the client gives it."""
    topic = message.topic()
    headers = defaultdict(bytes, {name: value or b"" for name, value in message.headers() or ()})
    below = headers["topic"].decode(errors="replace")
    return Record(
        topic=f"{topic}/{below}" if below else topic,
        payload=message.value() or b"",
        received_at=now,
        partition=_name(topic, message.partition()),
        offset=message.offset(),
        at_ms=message.timestamp()[1],
    )
