"""Hints between processes: "look again". They carry a kind and a key, and any of them may be lost.

On one machine a hint is a datagram on loopback: each reader opens a port and writes its number into a file below
``PROCMINE_VAR/ports/hints/<kind>/``. With ``PROCMINE_REDIS_URL`` hints travel by publish/subscribe instead.
Every reader looks at its tables every 250 ms anyway, so a lost hint costs that time and nothing else.
"""

import atexit
import contextlib
import os
import select
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from django.conf import settings

EVENTS = "events"  # of a log (its id) were stored
PICTURES = "pictures"  # of a model (its id) were saved
WATCH = "watch"  # somebody begins to look at a model (its id)
SETUP = "setup"  # a broker, stream, log or model was changed

POLL_S = 0.25
Hints = set[tuple[str, int]]  # of (kind, key)

_LIST_EVERY_S = 1.0
_known: dict[str, tuple[float, list[int]]] = {}
_sender: socket.socket | None = None


class _Source(Protocol):
    def wait(self, timeout_s: float) -> Hints: ...
    def close(self) -> None: ...


def send(kind: str, key: int = 0) -> None:
    """Tell every reader of ``kind``; never fails, and never waits for longer than half a second."""
    if settings.REDIS_URL:
        from foundation.processes import redis_hints  # only where it is used: each process starts faster without

        redis_hints.send(kind, key)
        return
    global _sender
    if _sender is None:
        _sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        _sender.setblocking(False)
        atexit.register(_sender.close)
    for port in _ports(kind):
        with contextlib.suppress(OSError):
            _sender.sendto(b"%s %d" % (kind.encode(), key), ("127.0.0.1", port))


class Listener:
    """Hears hints of some kinds; a context manager."""

    def __init__(self, *kinds: str) -> None:
        self._source: _Source
        if settings.REDIS_URL:
            from foundation.processes import redis_hints

            self._source = redis_hints.Source(kinds)
        else:
            self._source = _Loopback(kinds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()

    def wait(self, timeout_s: float = POLL_S) -> Hints:
        """The hints that wait, as soon as there is one; the empty set after ``timeout_s``."""
        return self._source.wait(timeout_s)


class _Loopback:
    def __init__(self, kinds: tuple[str, ...]) -> None:
        self._files: list[Path] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        port = self._socket.getsockname()[1]
        for kind in kinds:
            file = _folder(kind) / str(port)
            file.parent.mkdir(parents=True, exist_ok=True)
            _forget_dead(file.parent)
            file.write_text(str(os.getpid()))
            self._files.append(file)

    def close(self) -> None:
        for file in self._files:
            file.unlink(missing_ok=True)
        self._socket.close()

    def wait(self, timeout_s: float) -> Hints:
        select.select([self._socket], [], [], timeout_s)
        heard: Hints = set()
        with contextlib.suppress(BlockingIOError):
            while True:
                kind, _, key = self._socket.recv(256).partition(b" ")
                if key.isdigit():
                    heard.add((kind.decode("ascii", "replace"), int(key)))
        return heard


def _folder(kind: str) -> Path:
    return Path(settings.VAR) / "ports" / "hints" / kind


def _ports(kind: str) -> list[int]:
    now = time.monotonic()
    listed_at, ports = _known.get(kind, (-_LIST_EVERY_S, []))
    if now - listed_at >= _LIST_EVERY_S:
        folder = _folder(kind)
        ports = [int(file.name) for file in folder.iterdir() if file.name.isdigit()] if folder.exists() else []
        _known[kind] = (now, ports)
    return ports


def _forget_dead(folder: Path) -> None:
    """A reader that was killed left its file behind."""
    for file in folder.iterdir():
        with contextlib.suppress(OSError, ValueError):
            try:
                os.kill(int(file.read_text() or 0), 0)
            except ProcessLookupError:
                file.unlink()
            except PermissionError:
                pass  # it lives, as another user
