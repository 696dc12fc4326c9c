"""Kafka as a kind of broker: a source of messages and a target of events, by the optional package confluent-kafka."""

from streams.kafka.client import probe
from streams.kafka.source import KafkaSource
from streams.kafka.target import KafkaTarget

__all__ = ["KafkaSource", "KafkaTarget", "probe"]
