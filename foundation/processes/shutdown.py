"""Ending a command in order: SIGTERM and SIGINT set an event instead of breaking in."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stop_on_signal(stop: threading.Event) -> Iterator[None]:
    """While inside, a signal to end sets ``stop``; afterwards it means again what it meant before."""
    before = {name: signal.signal(name, lambda *_: stop.set()) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
