"""The fixtures of streams: a publisher, a topic base of its own, somebody who goes on publishing."""

import threading
from collections.abc import Callable, Iterator

import pytest

from tests.streams.conftest import Publish, base, publish

__all__ = ["base", "publish"]

Talk = Callable[[str, bytes], None]


@pytest.fixture
def talking(publish: Publish) -> Iterator[Talk]:
    """``talking(topic, payload)``: publishes it again and again, until the test ends."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def talk(topic: str, payload: bytes) -> None:
        def run() -> None:
            while not stop.wait(0.1):
                publish(topic, payload)

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    yield talk
    stop.set()
    for thread in threads:
        thread.join(10)
