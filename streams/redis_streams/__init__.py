"""Redis Streams as a kind of broker: a source of messages and a target of events."""

from streams.redis_streams.client import probe
from streams.redis_streams.source import RedisSource
from streams.redis_streams.target import RedisTarget

__all__ = ["RedisSource", "RedisTarget", "probe"]
