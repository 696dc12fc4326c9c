"""What recording needs of a broker, whatever its kind, and which class knows which kind.

The kinds are imported where they are used: a process that meets no Redis and no Kafka starts without their clients.
"""

from contextlib import AbstractContextManager

from streams.brokers.base import BrokerError, Source, Target
from streams.brokers.findings import Finding
from streams.models import Broker

TEST_TIMEOUT_S = 5.0


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

                mqtt.probe(broker, timeout_s)
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
