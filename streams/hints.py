"""Hints between processes: "look again". They carry a kind and a key, and any of them may be lost.

On one machine a hint is a datagram on loopback: each reader opens a port and writes its number into a file below
``PROCMINE_VAR/ports/hints/<kind>/``. With ``PROCMINE_REDIS_URL`` hints travel by publish/subscribe instead.
Every reader looks at its tables every 250 ms anyway, so a lost hint costs that time and nothing else.
"""

import contextlib
import os
import select
import socket
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import redis
from django.conf import settings

EVENTS = "events"  # of a log (its id) were stored
PICTURES = "pictures"  # of a model (its id) were saved
SETUP = "setup"  # a broker, stream, log or model was changed

POLL_S = 0.25
_LIST_EVERY_S = 1.0
_known: dict[str, tuple[float, list[int]]] = {}
_sender: socket.socket | None = None
_redis: "redis.Redis | None" = None


def send(kind: str, key: int = 0) -> None:
    """Tell every reader of ``kind``; never blocks, never fails."""
    if settings.REDIS_URL:
        _send_redis(kind, key)
        return
    global _sender
    if _sender is None:
        _sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        _sender.setblocking(False)
    for port in _ports(kind):
        with contextlib.suppress(OSError):
            _sender.sendto(b"%s %d" % (kind.encode(), key), ("127.0.0.1", port))


def _send_redis(kind: str, key: int) -> None:
    global _redis
    if _redis is None:
        _redis = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)
    with contextlib.suppress(redis.RedisError):
        _redis.publish(f"procmine:{settings.INSTALLATION}:{kind}", key)


def _folder(kind: str) -> Path:
    return settings.VAR / "ports" / "hints" / kind


def _ports(kind: str) -> list[int]:
    now = time.monotonic()
    listed_at, ports = _known.get(kind, (-_LIST_EVERY_S, []))
    if now - listed_at >= _LIST_EVERY_S:
        folder = _folder(kind)
        ports = [int(file.name) for file in folder.iterdir() if file.name.isdigit()] if folder.exists() else []
        _known[kind] = (now, ports)
    return ports


class _Source(Protocol):
    def fileno(self) -> int: ...


class Listener:
    """Hears hints of some kinds. Use as a context manager; `wait` blocks, `fileno` and `drain` serve event loops."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds
        self._files: list[Path] = []
        self._pubsub: Any = None
        if settings.REDIS_URL:
            self._pubsub = redis.Redis.from_url(settings.REDIS_URL).pubsub(  # type: ignore[no-untyped-call]
                ignore_subscribe_messages=True
            )
            self._pubsub.subscribe(*(f"procmine:{settings.INSTALLATION}:{kind}" for kind in kinds))
            return
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        port = self._socket.getsockname()[1]
        for kind in kinds:
            file = _folder(kind) / str(port)
            file.parent.mkdir(parents=True, exist_ok=True)
            self._forget_dead(file.parent)
            file.write_text(str(os.getpid()))
            self._files.append(file)

    @staticmethod
    def _forget_dead(folder: Path) -> None:
        """A reader that was killed left its file behind."""
        for file in folder.iterdir():
            with contextlib.suppress(OSError, ValueError):
                if not _alive(int(file.read_text() or 0)):
                    file.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop hearing."""
        for file in self._files:
            file.unlink(missing_ok=True)
        if self._pubsub is not None:
            self._pubsub.close()
        else:
            self._socket.close()

    def wait(self, timeout_s: float = POLL_S) -> set[tuple[str, int]]:
        """Hints heard, as soon as there is one, else the empty set after ``timeout_s``."""
        if self._pubsub is not None:
            return self._wait_redis(timeout_s)
        select.select([self._socket], [], [], timeout_s)
        return self.drain()

    def fileno(self) -> int:
        """The socket to watch in an event loop (one machine only; with Redis the poll is enough)."""
        return -1 if self._pubsub is not None else self._socket.fileno()

    def drain(self) -> set[tuple[str, int]]:
        """All hints that wait, without blocking."""
        if self._pubsub is not None:
            return self._wait_redis(0)
        heard: list[bytes] = []
        with contextlib.suppress(BlockingIOError):
            while True:
                heard.append(self._socket.recv(256))
        return set(_parsed(heard))

    def _wait_redis(self, timeout_s: float) -> set[tuple[str, int]]:
        heard: set[tuple[str, int]] = set()
        try:
            message = self._pubsub.get_message(timeout=timeout_s)
            while message is not None:
                heard.add((message["channel"].decode().rpartition(":")[2], int(message["data"])))
                message = self._pubsub.get_message(timeout=0)
        except redis.RedisError:
            time.sleep(timeout_s)  # the poll goes on without it
        return heard


def _parsed(datagrams: Iterable[bytes]) -> Iterable[tuple[str, int]]:
    for datagram in datagrams:
        kind, _, key = datagram.partition(b" ")
        if key.isdigit():
            yield kind.decode("ascii", "replace"), int(key)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
