"""An ingester that runs in this process, and a publisher to feed it."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from streams.brokers.mqtt import Address
from streams.models import Broker, Event, Stream
from streams.recording.ingest import Ingest
from tests.conftest import wait_for

Publish = Callable[..., None]


@pytest.fixture
def base(request: pytest.FixtureRequest) -> str:
    """A topic base that no other test uses."""
    return f"test-{abs(hash(request.node.nodeid)):x}"


@pytest.fixture
def registered(transactional_db: None, broker: str, base: str) -> Callable[..., Stream]:
    """Registers a stream on the Mosquitto of the tests; its topic is the base of this test."""
    address = Address.from_url(broker)
    row = Broker.objects.create(name="tests", host=address.host, port=address.port)

    def register(slug: str = "s", **columns: Any) -> Stream:
        stream = Stream(slug=slug, name=slug, broker=row, **{"topic": base, **columns})
        stream.full_clean()
        stream.save()
        return stream

    return register


@pytest.fixture
def publish(broker: str) -> Iterator[Publish]:
    """``publish(topic, payload, …, qos=1)``: returns when the broker has confirmed every message."""
    address = Address.from_url(broker)
    client = Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(0)
    client.connect(address.host, address.port)
    client.loop_start()

    def send(topic: str, *payloads: bytes, qos: int = 1, retain: bool = False) -> None:
        for info in [client.publish(topic, payload, qos, retain) for payload in payloads]:
            info.wait_for_publish(10)
            assert info.is_published()

    yield send
    client.disconnect()
    client.loop_stop()


class Running:
    """An `Ingest` in a thread of its own."""

    def __init__(self) -> None:
        self.ingest = Ingest()
        self._thread = threading.Thread(target=self.ingest.run)
        self._thread.start()

    def end(self) -> None:
        self.ingest.stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture
def ingesting(transactional_db: None) -> Iterator[Callable[..., Running]]:
    """``ingesting()`` starts an ingester and returns when every stream is subscribed to."""
    started: list[Running] = []

    def start(*, wait: bool = True) -> Running:
        started.append(Running())
        for stream in Stream.objects.filter(enabled=True) if wait else ():
            wait_for(lambda stream=stream: subscribed(stream), what=f"subscription of {stream}")
        return started[-1]

    yield start
    for running in started:
        running.end()


def subscribed(stream: Stream) -> bool:
    row = Broker.objects.get(pk=stream.broker_id)
    return row.state == Broker.State.CONNECTED and stream.filter in row.subscribed


def counts(stream: Stream) -> dict[str, int]:
    """The stream's counters; received is always the sum of the others."""
    row = Stream.objects.get(pk=stream.pk)
    assert row.received == row.stored + row.duplicates + row.rejected + row.ignored
    return {name: getattr(row, name) for name in ("received", "stored", "duplicates", "rejected", "ignored")}


def wait_received(stream: Stream, number: int, timeout_s: float = 10) -> dict[str, int]:
    wait_for(lambda: counts(stream)["received"] >= number, timeout_s, f"{number} messages received")
    return counts(stream)


def stored() -> list[tuple[str, str]]:
    return [(event.case, event.activity) for event in Event.objects.order_by("log", "seq")]


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
