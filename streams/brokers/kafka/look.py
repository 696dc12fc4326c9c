"""A look at a topic: its newest records, by a consumer that joins no group and commits nothing."""

import secrets
import time
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

from streams.brokers.base import BrokerError, client_id
from streams.brokers.faults import Fault
from streams.brokers.kafka.client import CONNECT_S, Errors, configuration, in_words, library, reach
from streams.brokers.kafka.source import Record, record_of
from streams.models import Broker

_PARTITIONS = 16  # that are looked at
_TURN_S = 0.25
_QUIET_S = 1.0  # after something came, so long without more is the end


def look(broker: Broker, topic: str, most: int, seconds: float) -> Generator[Record]:
    """The newest records of each partition, and what comes within some seconds; raises BrokerError."""
    kafka, errors = library(), Errors()
    own = {"group.id": f"{client_id(broker.pk or 0)}-look-{secrets.token_hex(4)}", "enable.auto.commit": False}
    with in_words():
        consumer = kafka.Consumer(configuration(broker, errors) | own | {"allow.auto.create.topics": False})
        try:
            reach(consumer, errors, CONNECT_S)
            consumer.assign(_newest(kafka, consumer, topic, most))
            deadline = time.monotonic() + seconds
            until = deadline
            while (now := time.monotonic()) < min(deadline, until):
                message = consumer.poll(min(_TURN_S, deadline - now))
                if message is not None and message.error() is None:
                    until = time.monotonic() + _QUIET_S
                    yield record_of(message, datetime.now(UTC))
        finally:
            consumer.close()


def _newest(kafka: Any, consumer: Any, topic: str, most: int) -> list[Any]:
    """Where to begin in each partition."""
    told = consumer.list_topics(topic, timeout=CONNECT_S).topics[topic]
    if told.error is not None:
        why = f"There is no topic {topic}, or it is not ours to read: {told.error.str()}."
        raise BrokerError(Fault.NO_TOPIC, why)
    numbers = sorted(told.partitions)[:_PARTITIONS]
    each = max(1, most // max(len(numbers), 1))
    deadline = time.monotonic() + CONNECT_S
    places = []
    for number in numbers:
        place = kafka.TopicPartition(topic, number)
        left_s = max(0.1, deadline - time.monotonic())
        low, high = consumer.get_watermark_offsets(place, timeout=left_s)
        places.append(kafka.TopicPartition(topic, number, max(low, high - each)))
    return places
