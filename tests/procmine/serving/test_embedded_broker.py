"""The embedded broker's process and its row."""

import re
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest

from procmine.serving import embedded_broker
from procmine.serving.embedded_broker import EmbeddedBroker
from streams.models import Broker, Stream
from tests.conftest import free_port, listening, wait_for
from tests.procmine.conftest import Running

Run = Callable[..., Running]


@pytest.fixture
def prepared(db: None, tmp_path: Path, settings: Any) -> EmbeddedBroker:
    settings.VAR = tmp_path / "var"
    settings.BROKER_PORT = free_port()
    return embedded_broker.prepare()


@pytest.fixture
def running(prepared: EmbeddedBroker, run: Run) -> Iterator[EmbeddedBroker]:
    run("-m", *prepared.command())
    wait_for(lambda: listening(prepared.port) and listening(prepared.port_mqtt5), what="the broker")
    return prepared


def publish(port: int, payloads: range, protocol: int = mqtt.MQTTv311) -> None:
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=protocol)  # type: ignore[arg-type]
    client.connect("127.0.0.1", port)
    client.loop_start()
    for number in payloads:
        client.publish("plant/line/1", str(number), qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def test_a_killed_client_gets_again_what_it_had_not_acknowledged(running: EmbeddedBroker, run: Run) -> None:
    def subscriber(acknowledged: int) -> Running:
        return run("-m", "tests.procmine.children", "subscriber", str(running.port), str(acknowledged))

    first = subscriber(acknowledged=3)
    first.said("subscribed")
    publish(running.port, range(5))
    first.said("got 4")
    first.signal(signal.SIGKILL)
    first.ends()
    publish(running.port_mqtt5, range(5, 8), mqtt.MQTTv5)  # while nobody listens
    second = subscriber(acknowledged=100)
    second.said("got 7")
    got = [int(match[1]) for line in second.lines if (match := re.fullmatch(r"got (\d+)", line))]
    assert got == [3, 4, 5, 6, 7]


def test_it_listens_on_loopback_only(running: EmbeddedBroker) -> None:
    listeners = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    for port in (running.port, running.port_mqtt5):
        addresses = {
            local.split(":")[0]
            for _, local, _, state, *_ in listeners
            if local.endswith(f":{port:04X}") and state == "0A"
        }
        assert addresses == {"0100007F"}


def test_its_row_follows_the_port(prepared: EmbeddedBroker, settings: Any) -> None:
    Broker.objects.filter(name="embedded").update(state=Broker.State.CONNECTED)
    with socket.create_server(("127.0.0.1", prepared.port)):
        moved = embedded_broker.prepare()
    assert moved.port != prepared.port
    row = Broker.objects.get()
    assert (row.name, row.port, row.state) == ("embedded", moved.port, Broker.State.STOPPED)
    assert (settings.VAR / "ports" / "broker").read_text() == f"{moved.port}\n"


@pytest.mark.django_db
def test_it_is_wanted_where_no_other_is_configured_or_a_stream_listens_on_it(prepared: EmbeddedBroker) -> None:
    assert embedded_broker.wanted()
    Broker.objects.create(name="plant", host="mqtt.example.org")
    assert not embedded_broker.wanted()
    stream = Stream.objects.create(slug="s", name="s", broker=Broker.objects.get(name="embedded"), topic="factory")
    assert embedded_broker.wanted()
    stream.enabled = False
    stream.save()
    assert not embedded_broker.wanted()
