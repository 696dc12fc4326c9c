"""Hints over Redis, for an installation of several machines. Redis may come and go: the poll goes on without it."""

import contextlib
import time
from functools import cache
from typing import Any

import redis
from django.conf import settings

_RETRY_S = 1.0


def _channel(kind: str) -> str:
    return f"procmine:{settings.INSTALLATION}:{kind}"


@cache
def _client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)


def send(kind: str, key: int) -> None:
    """Publish one hint."""
    with contextlib.suppress(redis.RedisError):
        _client(settings.REDIS_URL).publish(_channel(kind), key)


class Source:
    """Hears what is published; subscribes anew after a lost connection."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self._channels = [_channel(kind) for kind in kinds]
        self._pubsub: Any = None
        self._subscribe_at = 0.0

    def close(self) -> None:
        """Stop hearing."""
        if self._pubsub is not None:
            self._pubsub.close()

    def wait(self, timeout_s: float) -> set[tuple[str, int]]:
        """The hints that wait, as soon as there is one; the empty set after ``timeout_s``."""
        deadline = time.monotonic() + timeout_s
        heard: set[tuple[str, int]] = set()
        try:
            pubsub = self._subscribed()
            while pubsub is not None and not heard and (left_s := deadline - time.monotonic()) > 0:
                message = pubsub.get_message(timeout=left_s)
                while message is not None:
                    heard.add((message["channel"].decode().rpartition(":")[2], int(message["data"])))
                    message = pubsub.get_message(timeout=0)
        except (redis.RedisError, OSError):
            self.close()
            self._pubsub = None
        if self._pubsub is None:
            time.sleep(max(0.0, deadline - time.monotonic()))
        return heard

    def _subscribed(self) -> Any:
        if self._pubsub is None and time.monotonic() >= self._subscribe_at:
            self._subscribe_at = time.monotonic() + _RETRY_S
            pubsub: Any = _client(settings.REDIS_URL).pubsub(  # type: ignore[no-untyped-call]
                ignore_subscribe_messages=True
            )
            pubsub.subscribe(*self._channels)
            self._pubsub = pubsub
        return self._pubsub
