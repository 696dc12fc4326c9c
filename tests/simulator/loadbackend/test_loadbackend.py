"""The load backend: what it takes and refuses over HTTP, what it plays, what it tells."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.management import CommandError, call_command

from simulator.errors import SinkError
from simulator.loadbackend import web
from simulator.loadbackend.backend import Backend
from simulator.loadbackend.outputs import sink_for
from simulator.loadbackend.web import serving
from simulator.simulation import Simulation
from simulator.sinks import http as http_sinks
from simulator.sinks.base import CallableSink, Sink
from simulator.sinks.test import ListSink
from simulator.world.event import Event
from tests.conftest import wait_for
from tests.simulator.kafka_server import kafka_server
from tests.simulator.worlds import LOAD_TEST, http_sink, sound_but

KEYS = {"timestamp": "2026-05-06 07:08:09", "activity": "press", "caseid": "case_1", "node": "Press", "group": "hall"}


def body(*cases: str, duration: int = 1_000) -> bytes:
    return json.dumps({"duration": duration, "events": [KEYS | {"caseid": case} for case in cases]}).encode()


class Answer(NamedTuple):
    status: int
    content: Any
    headers: http.client.HTTPMessage


class Running:
    """A backend that serves and plays in threads of this process."""

    def __init__(self, backend: Backend, url: str, said: list[str]) -> None:
        self.backend, self.url, self.said = backend, url, said
        self.port = int(url.rpartition(":")[2].partition("/")[0])

    def ask(self, method: str, call: str, content: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"/loadgenerator/{call}", content, named)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return Answer(response.status, json.loads(text) if text.startswith(b"{") else text.decode(), response.headers)

    def status(self) -> dict[str, Any]:
        content: dict[str, Any] = self.ask("GET", "status").content
        return content


@contextmanager
def running(sink: Sink, limit_bytes: int = 1_000_000) -> Iterator[Running]:
    said: list[str] = []
    backend = Backend(sink, limit_bytes=limit_bytes, say=said.append)
    failed: list[Exception] = []

    def play() -> None:
        try:
            backend.run()
        except SinkError as error:
            failed.append(error)

    thread = threading.Thread(target=play)
    thread.start()
    try:
        with serving(backend, "127.0.0.1", 0) as url:
            yield Running(backend, url, said)
    finally:
        backend.stop()
        thread.join(timeout=10)
    assert failed == []


@pytest.fixture
def sink() -> ListSink:
    return ListSink()


@pytest.fixture
def made(sink: ListSink) -> Iterator[Running]:
    with running(sink) as backend:
        yield backend


def test_timeframes_wait_for_the_start_and_are_played_in_order(made: Running, sink: ListSink) -> None:
    assert made.ask("POST", "register", body("a", "b")).status == 200
    made.ask("POST", "register", body())
    made.ask("POST", "register", body("c"))
    status = made.status()
    assert (status["state"], status["buffered"]["timeframes"], status["buffered"]["events"]) == ("waiting", 3, 3)
    assert sink.events == []
    assert made.ask("POST", "start").status == 200
    wait_for(lambda: made.status()["state"] == "dry", what="everything played")
    assert [event.case for event in sink.events] == ["a", "b", "c"]
    moment = sink.events[0].at.isoformat()
    assert sink.events[0] == Event("a", "press", "Press", "hall", sink.events[0].at_us, False)
    assert moment == "2026-05-06T07:08:09+00:00"
    status = made.status()
    assert status["registered"] == {"timeframes": 3, "events": 3}
    assert status["played"] == {"timeframes": 3, "events": 3}
    assert status["buffered"]["bytes"] == 0
    assert status["asked_per_s"] == 1_000


def test_it_is_told_when_it_ran_dry_and_goes_on_with_the_next_timeframe(made: Running, sink: ListSink) -> None:
    made.ask("POST", "start")
    made.ask("POST", "register", body("a"))
    wait_for(lambda: made.said, what="running dry")
    assert made.said == ["ran dry after 1 events: the next timeframe is played when it comes"]
    made.ask("POST", "start")  # a second start changes nothing
    made.ask("POST", "register", body("b"))
    wait_for(lambda: made.status()["played"]["timeframes"] == 2, what="the second timeframe")
    dry = made.status()["dry"]
    assert dry["times"] == 1
    assert dry["seconds"] > 0
    assert "ran dry 1 times, for " in "\n".join(made.backend.report())


def test_a_full_room_is_answered_with_503_and_when_to_come_back(sink: ListSink) -> None:
    first = body("a", "b", duration=3_000_000)
    with running(sink, limit_bytes=len(first) + 10) as made:
        assert made.ask("POST", "register", first).status == 200
        answer = made.ask("POST", "register", body("c"))
        assert (answer.status, answer.headers["Retry-After"]) == (503, "3")
        assert "no room: 1 timeframes wait" in answer.content["error"]
        assert "nothing plays before the start" in answer.content["error"]
        status = made.status()
        assert status["refused"] == {"bad": 0, "full": 1}
        assert status["buffered"] == {"timeframes": 1, "events": 2, "bytes": len(first), "limit_bytes": len(first) + 10}
        large = made.ask("POST", "register", body(*"abcdef"))
        assert large.status == 413
        assert "larger than all room" in large.content["error"]


def test_a_client_that_meets_a_full_room_waits_and_loses_nothing(
    tmp_path: Path, sink: ListSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_sinks, "PATIENCE", replace(http_sinks.PATIENCE, delays_s=(0.05,) * 40, longest_s=0.05))
    with running(sink, limit_bytes=2_500) as made:  # two timeframes
        text = LOAD_TEST.replace("Start: 2", "Start: 1")
        folder = sound_but(tmp_path, sink=http_sink(made.url, more="timeframe: 20"), simulation=text)
        hold_back = threading.Event()
        play = sink.send

        def slowly(event: Event) -> None:
            hold_back.wait(10)
            play(event)

        monkeypatch.setattr(sink, "send", slowly)
        said: list[str] = []
        simulation = Simulation.load([folder], seed=1, say=said.append)
        thread = threading.Thread(target=simulation.run, kwargs={"count": 70})
        thread.start()
        wait_for(lambda: said, what="the back-pressure")
        hold_back.set()
        thread.join(timeout=20)
        wait_for(lambda: len(sink.events) == 70, what="all events")
        assert made.status()["buffered"]["limit_bytes"] == 2_500
    assert "status 503" in said[0]


def test_a_repeated_register_with_the_same_key_is_taken_once(made: Running, sink: ListSink) -> None:
    for _ in range(2):
        assert made.ask("POST", "register", body("a"), Idempotency_Key="k1").status == 200
    made.ask("POST", "register", body("a"), Idempotency_Key="k2")
    assert made.status()["registered"]["timeframes"] == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"\xff\xfe", "malformed"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"events": []}', "missing required field `duration`"),
        (b'{"duration": 0, "events": []}', "Expected `int` >= 1 - at `$.duration`"),
        (b'{"duration": 1e30, "events": []}', "$.duration"),
        (b'{"duration": "1", "events": []}', "Expected `int`, got `str` - at `$.duration`"),
        (b'{"duration": 1, "events": {}}', "Expected `array`, got `object` - at `$.events`"),
        (b'{"duration": 1, "events": [{}]}', "missing required field `timestamp` - at `$.events[0]`"),
        (
            body("a").replace(b'"case_1"', b"1").replace(b'"a"', b"1"),
            "Expected `str`, got `int` - at `$.events[0].caseid`",
        ),
        (body("a").replace(b"2026-05", b"2026-13"), "$.events[0].timestamp"),
        (b"[" * 100_000, "Expected `object`"),
        (body("\ud800"), ""),
    ],
)
def test_a_wrong_body_is_answered_with_400_and_what_is_wrong(made: Running, content: bytes, expected: str) -> None:
    answer = made.ask("POST", "register", content)
    assert answer.status == 400
    assert expected in answer.content["error"]
    assert made.status()["refused"]["bad"] == 1
    assert made.ask("POST", "register", body("a")).status == 200


@pytest.mark.parametrize(
    ("method", "call", "status"), [("GET", "register", 405), ("POST", "status", 405), ("GET", "stop", 404)]
)
def test_other_calls_are_refused(made: Running, method: str, call: str, status: int) -> None:
    assert made.ask(method, call).status == status


def test_a_body_beyond_the_limit_is_not_read(sink: ListSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MAX_BODY_BYTES", 1_000)
    with running(sink) as made:
        assert made.ask("POST", "register", body(*"abcdefghijkl")).status == 413
        assert made.status()["registered"]["timeframes"] == 0


def test_a_sink_that_fails_ends_it_with_its_reason() -> None:
    def fail(event: Event) -> None:
        raise SinkError("the broker took no message")

    backend = Backend(CallableSink(fail), limit_bytes=1_000, say=lambda text: None)
    backend.register(body("a"))
    backend.start()
    with pytest.raises(SinkError, match="the broker took no message"):
        backend.run()


def test_it_plays_into_kafka_with_the_case_as_key(tmp_path: Path) -> None:
    with kafka_server(tmp_path) as server:
        server.make_topic("load", 2)
        with running(sink_for(f"kafka://{server.servers}", "load")) as made:
            made.ask("POST", "register", body("a", "b", "a"))
            made.ask("POST", "start")
            wait_for(lambda: made.status()["played"]["events"] == 3, what="three events")
        records = server.read("load", 3)
    assert {record.key() for record in records} == {b"a", b"b"}
    assert json.loads(records[0].value()) == KEYS | {"caseid": records[0].key().decode()}
    assert len({record.partition() for record in records if record.key() == b"a"}) == 1


@pytest.mark.parametrize(
    ("broker", "topic", "expected"),
    [
        ("localhost:1883", "a/b", "--broker: is no URL of a broker: the scheme is neither"),
        ("mqtt://me:hunter2@:1", "a/b", "--broker: is no URL of a broker: there is no host"),
        ("kafka://localhost", "t", "--broker: is no URL of a Kafka broker, expected mqtt://"),
        ("kafka://localhost:9092", "a/b", "--topic: got 'a/b', expected letters"),
        ("mqtt://localhost", "orders", "--topic: got 'orders', expected BASE/PROCESS"),
        ("mqtt://localhost", "a/#", "--topic: got 'a/#', expected BASE/PROCESS"),
        ("mqtt://localhost", "/a//b", "--topic: got '/a//b', expected BASE/PROCESS"),
    ],
)
def test_a_wrong_broker_or_topic_is_refused_by_its_option(broker: str, topic: str, expected: str) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("loadbackend", "--broker", broker, "--topic", topic, "--port", "0")
    assert str(caught.value).startswith(expected)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("option", [("--port", "x"), ("--port", "70000"), ("--buffer", "0")])
def test_a_wrong_option_is_refused_by_name(option: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=f"argument {option[0]}: got '{option[1]}', expected "):
        call_command("loadbackend", "--broker", "mqtt://127.0.0.1", "--topic", "a/b", *option)


def test_a_port_that_is_taken_is_told(made: Running) -> None:
    with pytest.raises(CommandError, match=rf"^cannot listen on 127\.0\.0\.1:{made.port}: Address already in use$"):
        call_command("loadbackend", "--broker", "mqtt://127.0.0.1", "--topic", "a/b", "--port", str(made.port))
