"""The ``mqtt`` sink against a real broker."""

import json
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from simulator.errors import SinkError
from simulator.simulation import Simulation
from simulator.sinks import mqtt_connection
from simulator.sinks.mqtt_connection import BrokerUrl
from simulator.world.ids import EventIds
from tests.conftest import free_port, listening, needs, wait_for
from tests.simulator.line import Line
from tests.simulator.worlds import COUNTED, MQTT_SINK, PRESS, sound_but

START_AT = datetime(2026, 5, 6, 7, 8, 9, 123_456, tzinfo=UTC)
Received = list[MQTTMessage]


@pytest.fixture
def listen(broker: str) -> Iterator[Callable[[str], Received]]:
    """``listen(filter)``: the messages that come in under a filter from now on, at quality of service 2."""
    clients: list[Client] = []

    def begin(topic_filter: str, url: str = broker) -> Received:
        received: Received = []
        subscribed: list[Any] = []
        client = Client(CallbackAPIVersion.VERSION2, client_id=f"listener-{uuid4()}")
        client.on_message = lambda client, userdata, message: received.append(message)
        client.on_subscribe = lambda *granted: subscribed.append(granted)
        where = BrokerUrl.parse(url)
        client.connect(where.host, where.port)
        client.subscribe(topic_filter, qos=2)
        client.loop_start()
        clients.append(client)
        wait_for(lambda: subscribed, what="the subscription")
        return received

    yield begin
    for client in clients:
        client.disconnect()
        client.loop_stop()


@pytest.fixture
def process() -> str:
    """A process of its own for every test: the broker serves them all."""
    return f"p{uuid4().hex[:12]}"


def ids_of(received: Received) -> list[str]:
    return [json.loads(message.payload)["event"]["identity:id"] for message in received]


def loaded(
    folder: Path, process: str, broker: str, *, sink: str = "", press: str = PRESS, steps: int = 10, **options: Any
) -> Simulation:
    files = {
        "sink": MQTT_SINK.replace("PROCESS", process) + sink,
        "press": press,
        "simulation": COUNTED.replace("steps: 10", f"steps: {steps}"),
    }
    return Simulation.load([sound_but(folder, **files)], seed=1, broker=broker, **options)


def test_events_arrive_as_mqtt_xes_in_order_and_acknowledged(
    tmp_path: Path, broker: str, process: str, listen: Callable[[str], Received]
) -> None:
    received = listen(f"plant/a/{process}/#")
    assert loaded(tmp_path, process, broker).run(start=START_AT) == 10
    wait_for(lambda: len(received) == 10, what="ten messages")
    levels = [message.topic.removeprefix(f"plant/a/{process}/").split("/") for message in received]
    assert {case for case, _ in levels} >= {"case_1", "case_2", "case_3"}
    assert {activity for _, activity in levels} == {"press", "jam"}
    assert all(message.qos == 1 and not message.retain for message in received)
    payloads = [json.loads(message.payload) for message in received]
    assert payloads[0] == {
        "event": {
            "time:timestamp": "2026-05-06T07:09:39.123+00:00",
            "identity:id": payloads[0]["event"]["identity:id"],
            "node": "Press",
            "group": "hall",
        }
    }
    ids = [UUID(payload["event"]["identity:id"]) for payload in payloads]
    assert ids == sorted(set(ids))
    assert {(made.version, made.variant) for made in ids} == {(7, "specified in RFC 4122")}


def test_the_json_format_carries_the_five_keys_an_id_and_the_prefixed_case(
    tmp_path: Path, broker: str, process: str, listen: Callable[[str], Received]
) -> None:
    received = listen(f"plant/a/{process}/#")
    options = "      format: JSON\n      casePrefix: 'run 1/'\n"
    loaded(tmp_path, process, broker, sink=options).run(count=1, start=START_AT)
    wait_for(lambda: received, what="a message")
    payload = json.loads(received[0].payload)
    assert list(payload) == ["timestamp", "activity", "caseid", "node", "group", "id"]
    assert payload["timestamp"] == "2026-05-06 07:09:39"
    assert payload["caseid"] == "run 1/case_1"
    assert received[0].topic == f"plant/a/{process}/run 1%2Fcase_1/jam"


def test_what_mqtt_forbids_in_a_level_is_percent_encoded_and_nothing_else(
    tmp_path: Path, broker: str, process: str, listen: Callable[[str], Received]
) -> None:
    received = listen("plant/a/#")
    press = PRESS.replace("activity: jam", r'activity: "50% größer/kleiner + # \0 ✓ $x y"')
    loaded(tmp_path, f"{process}/ä", broker, press=press, case_prefix="a+b#").run(count=1)
    wait_for(lambda: received, what="a message")
    topic = f"plant/a/{process}%2Fä/a%2Bb%23case_1/50%25 größer%2Fkleiner %2B %23 %00 ✓ $x y"
    assert received[0].topic == topic


def test_the_case_prefix_option_replaces_that_of_the_file(
    tmp_path: Path, broker: str, process: str, listen: Callable[[str], Received]
) -> None:
    received = listen(f"plant/a/{process}/#")
    loaded(tmp_path, process, broker, sink="      casePrefix: file-\n", case_prefix="option-").run(count=1)
    wait_for(lambda: received, what="a message")
    assert "/option-case_1/" in received[0].topic


@pytest.mark.parametrize("qos", [0, 2])
def test_other_qualities_of_service_deliver_everything_too(
    tmp_path: Path, broker: str, process: str, listen: Callable[[str], Received], qos: int
) -> None:
    received = listen(f"plant/a/{process}/#")
    loaded(tmp_path, process, broker, sink=f"      qos: {qos}\n").run()
    wait_for(lambda: len(received) == 10, what="ten messages")
    assert {message.qos for message in received} == {qos}


def test_more_events_than_may_be_unacknowledged_all_arrive_in_order(
    tmp_path: Path, broker: str, process: str, listen: Callable[[str], Received]
) -> None:
    received = listen(f"plant/a/{process}/#")
    assert loaded(tmp_path, process, broker, steps=5_000).run() == 5_000
    wait_for(lambda: len(received) == 5_000, what="all messages")
    ids = ids_of(received)
    assert ids == sorted(set(ids))


def test_a_broker_that_refuses_is_a_clear_error_after_a_few_tries(
    tmp_path: Path, process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_connection, "CONNECT_S", 0.6)
    url = f"mqtt://me:secret@127.0.0.1:{free_port()}"
    said: list[str] = []
    with pytest.raises(SinkError) as caught:
        loaded(tmp_path, process, url, say=said.append).run()
    assert re.fullmatch(r"mqtt://127\.0\.0\.1:\d+: cannot connect: .*Connection refused", str(caught.value))
    assert len(said) == 1
    assert "secret" not in said[0]


def test_a_server_that_never_answers_is_a_clear_error(
    tmp_path: Path, process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_connection, "CONNECT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(SinkError, match="no answer from the broker"):
        loaded(tmp_path, process, f"mqtt://127.0.0.1:{mute.getsockname()[1]}").run()


def test_a_broker_that_says_no_is_an_error_at_once(tmp_path: Path, process: str) -> None:
    port = free_port()
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous false\n")
    broker = subprocess.Popen([needs("mosquitto"), "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: listening(port), what="mosquitto")
        with pytest.raises(SinkError, match="the broker refused the connection: Not authorized"):
            loaded(tmp_path, process, f"mqtt://me:wrong@127.0.0.1:{port}").run()
    finally:
        broker.kill()
        broker.wait(timeout=5)


@pytest.fixture
def line(broker: str) -> Iterator[Line]:
    line = Line(broker)
    yield line
    line.close()


def test_every_event_arrives_in_order_although_the_connection_breaks(
    tmp_path: Path, process: str, line: Line, listen: Callable[[str], Received]
) -> None:
    received = listen(f"plant/a/{process}/#")
    said: list[str] = []
    simulation = loaded(tmp_path, process, line.url, say=said.append, steps=50)

    def break_once(event: object) -> None:
        if simulation.sent == 20:
            line.cut()
            wait_for(lambda: said, what="the lost connection")

    assert simulation.add_sink(break_once).run() == 50
    wait_for(lambda: len(set(ids_of(received))) == 50, what="all events")
    first_arrivals = list(dict.fromkeys(ids_of(received)))  # at least once: some may come twice
    assert first_arrivals == sorted(first_arrivals)
    assert "connection lost" in said[0]
    assert said[-1].endswith("connected again")


def test_acknowledgements_that_never_come_fail_at_the_end(
    tmp_path: Path, process: str, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_connection, "FLUSH_S", 0.5)
    simulation = loaded(tmp_path, process, line.url)

    def break_down(event: object) -> None:
        if simulation.sent == 5:
            line.close()

    with pytest.raises(SinkError, match=r"\d messages were not acknowledged within 0\.5 s"):
        simulation.add_sink(break_down).run()


def test_a_run_that_waits_for_a_broker_can_be_stopped(
    tmp_path: Path, process: str, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_connection, "FLUSH_S", 0.2)
    simulation = loaded(tmp_path, process, line.url, steps=100_000)

    def break_down(event: object) -> None:
        if simulation.sent == 5:
            line.close()

    def stop_when_it_waits() -> None:
        wait_for(lambda: simulation.sent >= mqtt_connection.MAX_WAITING, what="a full window")
        simulation.stop()

    stopper = threading.Thread(target=stop_when_it_waits)
    stopper.start()
    with pytest.raises(SinkError, match="1000 messages were not acknowledged"):
        simulation.add_sink(break_down).run()
    stopper.join()
    assert simulation.sent <= 6 + mqtt_connection.MAX_WAITING


def test_a_broker_that_stays_away_ends_the_run(
    tmp_path: Path, process: str, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_connection, "FLUSH_S", 0.2)
    monkeypatch.setattr(mqtt_connection, "GONE_S", 0.3)
    said: list[str] = []
    simulation = loaded(tmp_path, process, line.url, steps=100_000, say=said.append)

    def break_down(event: object) -> None:
        if simulation.sent == 5:
            line.close()

    with pytest.raises(SinkError, match=r"the broker took no message for 0\.3 s"):
        simulation.add_sink(break_down).run()
    assert "1000 messages were not acknowledged" in said[-1]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mqtt://broker", "mqtt://broker:1883"),
        ("mqtts://broker", "mqtts://broker:8883"),
        ("mqtt://u%40x:p%3Aw@[::1]:77/", "mqtt://[::1]:77"),
    ],
)
def test_a_broker_url_has_default_ports_and_hides_who_we_are(url: str, shown: str) -> None:
    assert str(BrokerUrl.parse(url)) == shown


def test_credentials_in_a_broker_url_are_percent_decoded() -> None:
    parsed = BrokerUrl.parse("mqtt://u%40x:p%3Aw@host")
    assert (parsed.username, parsed.password) == ("u@x", "p:w")


@pytest.mark.parametrize(
    "url", ["", "broker:1883", "http://x", "mqtt://", "mqtt://x:0", "mqtt://x:a", "mqtt://x/topic"]
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        BrokerUrl.parse(url)


def test_event_ids_grow_even_when_the_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([5_000_000_000, 4_000_000_000] * 6_000)
    monkeypatch.setattr("simulator.world.ids.time.time_ns", lambda: next(moments))
    ids = EventIds()
    made = [ids.next() for _ in range(12_000)]
    assert made == sorted(set(made))
    assert {UUID(text).version for text in made} == {7}
    assert UUID(made[0]).int >> 80 == 5_000
