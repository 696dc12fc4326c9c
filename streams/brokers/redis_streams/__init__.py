"""Redis Streams as a kind of broker: a source of messages and a target of events."""

from streams.brokers.redis_streams.client import probe
from streams.brokers.redis_streams.source import RedisSource
from streams.brokers.redis_streams.target import RedisTarget

__all__ = ["RedisSource", "RedisTarget", "probe"]
