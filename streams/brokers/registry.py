"""What recording needs of a broker, whatever its kind, and which class knows which kind.

The kinds are imported where they are used: a process that meets no Redis and no Kafka starts without their clients.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from streams.brokers.findings import Finding
from streams.brokers.mqtt.address import BrokerError
from streams.models import Broker, Stream

__all__ = [
    "BrokerError",
    "BrokerMessage",
    "Ledger",
    "Source",
    "Target",
    "check_broker",
    "source_of",
    "target_on",
    "test_connection",
]


class BrokerMessage(Protocol):
    """One message as it came: what it says and where it was said."""

    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def received_at(self) -> datetime: ...
    @property
    def retain(self) -> bool: ...


class Ledger(Protocol):
    """What makes a batch ours, and stored once."""

    def is_redelivery(self, message: Any) -> bool:
        """Whether this is the redelivery of a message that was stored."""

    def remember(self, messages: Sequence[Any], without_id: Sequence[Any]) -> None:
        """Write what was taken, in the transaction that stores it; ``without_id`` brought no event id to know them by.

        Raises LeaseLostError where another process takes these messages now.
        """


class Source(Ledger, Protocol):
    """A broker's messages for its streams, taken by one thread. Every method may raise BrokerError.

    Several processes may take messages of one broker; which share of them is ours is the source's own matter, and a
    case is in one share only.
    """

    note: str  # what to know of a connection that works

    def own(self) -> None:
        """Take or renew our share; raises LeaseLostError where it is none. Called at least every second."""

    def connect(self) -> None:
        """Connect and sign in."""

    def follow(self, streams: Sequence[Stream]) -> None:
        """Ask for the messages of these streams, and for no others any more."""

    def receive(self, limit: int, timeout_s: float) -> Sequence[BrokerMessage]:
        """At most ``limit`` messages that wait, as soon as there is one; none after ``timeout_s``."""

    def acknowledge(self, messages: Sequence[Any]) -> None:
        """Tell the broker that these are stored."""

    def keep_alive(self, timeout_s: float) -> None:
        """Stay connected for a while without taking messages."""

    @property
    def settled(self) -> bool:
        """Whether what waits at the broker would be on its way by now."""

    def close(self) -> None:
        """Disconnect; what was not acknowledged comes again."""

    def release(self) -> None:
        """Leave our share to others."""


class Target(Protocol):
    """Where events are sent, while it is connected. May raise BrokerError."""

    def send(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Send payloads, each with the case it belongs to, and return when the broker has confirmed all."""


def source_of(broker: Broker) -> Source:
    """Raises BrokerError where its kind cannot be used here."""
    match broker.kind:
        case Broker.Kind.REDIS:
            from streams.brokers.redis_streams import RedisSource

            return RedisSource(broker)
        case Broker.Kind.KAFKA:
            from streams.brokers.kafka import KafkaSource

            return KafkaSource(broker)
    from streams.brokers.mqtt.session import MqttSession

    return MqttSession(broker)


def target_on(broker: Broker, topic: str, partitions: int) -> AbstractContextManager[Target]:
    """A target on this broker; ``partitions`` is for Redis Streams, where each is a key of its own."""
    match broker.kind:
        case Broker.Kind.REDIS:
            from streams.brokers.redis_streams import RedisTarget

            return RedisTarget(broker, topic, partitions)
        case Broker.Kind.KAFKA:
            from streams.brokers.kafka import KafkaTarget

            return KafkaTarget(broker, topic)
    from streams.brokers.mqtt.session import MqttTarget

    return MqttTarget(broker, topic)


def test_connection(broker: Broker, timeout_s: float) -> str | None:
    """Connect and sign in once, changing nothing; None if it works, else what is wrong, in words."""
    try:
        match broker.kind:
            case Broker.Kind.REDIS:
                from streams.brokers import redis_streams

                redis_streams.probe(broker, timeout_s)
            case Broker.Kind.KAFKA:
                from streams.brokers import kafka

                kafka.probe(broker, timeout_s)
            case _:
                from streams.brokers import mqtt

                return mqtt.test_connection(broker, timeout_s)
    except BrokerError as error:
        return str(error)
    return None


def check_broker(broker: Broker, *, quick: bool = False) -> list[Finding]:
    """What a broker will lose, as far as it can be seen; nothing of a user's is touched.

    With ``quick`` nothing is tried out either (MQTT; it takes some seconds).
    """
    match broker.kind:
        case Broker.Kind.REDIS:
            from streams.brokers.redis_streams.check import check as of_redis

            return list(of_redis(broker))
        case Broker.Kind.KAFKA:
            from streams.brokers.kafka.check import check as of_kafka

            return list(of_kafka(broker))
    from streams.brokers.mqtt.check import check as of_mqtt

    return list(of_mqtt(broker, quick=quick))
