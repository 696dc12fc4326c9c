"""The first messages of a topic, before anything is registered: a look that disturbs nobody.

The look has a name of its own at the broker and leaves nothing there: an MQTT session that ends with the connection, no
consumer group of Redis, no offset of Kafka. So recording goes on beside it as if it were not there.
"""

import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from streams.brokers.base import BrokerError, BrokerMessage
from streams.brokers.faults import Fault
from streams.models import Broker

LISTEN_S = 4.0  # after the connection stands
MAX_MESSAGES = 20
MAX_BYTES = 96 * 1024  # of payloads together; a longer one is not taken along
AT_ONCE = 4  # looks of one process, each of which holds a thread of it

_at_once = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it came. ``retain``: it was kept by the broker, and tells what was."""

    topic: str
    payload: bytes
    received_at: datetime
    retain: bool = False


def listen(broker: Broker, topic: str, *, partitions: int = 1, seconds: float = LISTEN_S) -> list[Heard]:
    """What comes on a topic filter within some seconds (MQTT), or the newest there is (Redis, Kafka).

    At most `MAX_MESSAGES` and `MAX_BYTES`; messages that are too long for that are left out. ``broker`` need not be
    saved. Raises BrokerError, also where too many look at once.
    """
    if not _at_once.acquire(blocking=False):
        raise BrokerError(Fault.BUSY, "Others are listening just now. Try again in a few seconds.")
    try:
        with closing(_look(broker, topic, partitions, seconds)) as messages:
            return _some(messages)
    finally:
        _at_once.release()


def _some(messages: Iterator[BrokerMessage]) -> list[Heard]:
    found: list[Heard] = []
    left = MAX_BYTES
    for message in messages:
        if len(message.payload) <= left:
            found.append(Heard(message.topic, message.payload, message.received_at, message.retain))
            left -= len(message.payload)
        if len(found) == MAX_MESSAGES:
            break
    return found


def _look(broker: Broker, topic: str, partitions: int, seconds: float) -> Generator[BrokerMessage]:
    match broker.kind:
        case Broker.Kind.REDIS:
            from streams.brokers.redis_streams.look import look as at_redis

            return at_redis(broker, topic, partitions, MAX_MESSAGES, seconds)
        case Broker.Kind.KAFKA:
            from streams.brokers.kafka.look import look as at_kafka

            return at_kafka(broker, topic, MAX_MESSAGES, seconds)
    from streams.brokers.mqtt.look import look as at_mqtt

    return at_mqtt(broker, topic, MAX_MESSAGES, seconds)
