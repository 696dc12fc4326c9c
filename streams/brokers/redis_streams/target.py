"""Events as entries of Redis streams."""

from collections.abc import Iterable
from typing import Self
from zlib import crc32

from streams.brokers.redis_streams.client import CONNECT_S, client_of, in_words, keys
from streams.models import Broker

_PIPE = 500  # entries sent before an answer is waited for


class RedisTarget:
    """Adds entries to one key, or divides the cases among several by CRC-32."""

    def __init__(self, broker: Broker, topic: str, partitions: int) -> None:
        self._client = client_of(broker, CONNECT_S)
        self._keys = keys(topic, partitions)

    def __enter__(self) -> Self:
        with in_words():
            self._client.ping()
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def send(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """XADD."""
        with in_words():
            pipe = self._client.pipeline(transaction=False)
            for case, payload in messages:
                pipe.xadd(self._keys[crc32(case.encode()) % len(self._keys)], {"payload": payload})
                if len(pipe) >= _PIPE:
                    pipe.execute()
            pipe.execute()
