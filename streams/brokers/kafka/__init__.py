"""Kafka as a kind of broker: a source of messages and a target of events, by the optional package confluent-kafka."""

from streams.brokers.kafka.client import probe
from streams.brokers.kafka.source import KafkaSource
from streams.brokers.kafka.target import KafkaTarget

__all__ = ["KafkaSource", "KafkaTarget", "probe"]
