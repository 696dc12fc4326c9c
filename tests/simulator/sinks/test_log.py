"""The sink ``log``: real API, and a server that answers as a busy installation does."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from accounts.tokens import create_token
from foundation.moments import retry_after_s
from simulator.errors import ConfigError, SinkError
from simulator.simulation import Simulation
from simulator.sinks import log
from simulator.sinks.http_poster import MAX_ANSWER_BYTES
from simulator.world.event import Event
from streams.models import Event as StoredEvent
from streams.models import EventLog
from tests.conftest import free_port
from tests.simulator.worlds import COUNTED, PRESS, SINK, sound_but

VARIABLE = "PROCMINE_TOKEN"
Answer = tuple[int, dict[str, str]]
OK: Answer = (200, {})


def log_sink(url: str, **fields: str) -> str:
    more = "".join(f"\n      {name}: {value}" for name, value in ({"log": "toy"} | fields).items())
    return SINK.replace("type: test", f"type: log\n      url: {url}{more}")


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "a-token-of-tests")


class Scripted:
    """Answers requests in the order of a script, then with 200; keeps what it was sent."""

    def __init__(self, *script: Answer, port: int = 0) -> None:
        self.bodies: list[list[dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        pending = list(script)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.headers.append({**self.headers, "path": self.path})
                status, headers = pending.pop(0) if pending else OK
                outer.bodies.append(body)
                results = [{"index": i, "status": "stored"} for i in range(len(body))]
                data = json.dumps({"results": results} if status == 200 else {"detail": "Not now."}).encode()
                data += b" " * int(headers.get("Padding", 0))
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(data))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def scripted(*script: Answer) -> Iterator[Scripted]:
    made = Scripted(*script)
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join(timeout=5)
        made.server.server_close()


def run(folder: Path, sink: str, **files: str) -> tuple[int, list[str], list[Event]]:
    """How many were sent, what was said, and the events."""
    said: list[str] = []
    events: list[Event] = []
    made = Simulation.load([sound_but(folder, sink=sink, **files)], seed=3, say=said.append).add_sink(events.append)
    return made.run(), said, events


@pytest.mark.django_db(transaction=True)
def test_events_arrive_in_the_log_with_ids_and_in_batches(
    tmp_path: Path, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = EventLog.objects.create(slug="toy", name="Toy")
    _, text = create_token(User.objects.create_superuser("boss"), ["ingest"], [log])
    monkeypatch.setenv("OTHER_TOKEN", text)
    sink = log_sink(live_server.url, tokenVariable="OTHER_TOKEN", casePrefix="a-")
    sent, said, events = run(tmp_path, sink, simulation=COUNTED.replace("steps: 10", "steps: 1200"))
    stored = list(StoredEvent.objects.order_by("seq"))
    assert (sent, said) == (1200, [])
    assert [(e.case, e.activity, e.at, e.attributes) for e in stored] == [
        (f"a-{e.case}", e.activity, e.at, {"node": e.node, "group": e.group}) for e in events
    ]
    assert len({event.event_id for event in stored}) == 1200


@pytest.mark.django_db(transaction=True)
def test_what_the_log_refuses_is_counted_by_reason_and_said(
    tmp_path: Path, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = EventLog.objects.create(slug="toy", name="Toy")
    monkeypatch.setenv(VARIABLE, create_token(User.objects.create_superuser("boss"), ["ingest"])[1])
    press = PRESS.replace("activity: press", f"activity: {'p' * 300}")
    _, said, events = run(tmp_path, log_sink(live_server.url), press=press)
    refused = sum(event.activity != "jam" for event in events)
    assert StoredEvent.objects.filter(log=log).count() == len(events) - refused
    assert len(said) == 2
    assert "an event was refused: `activity` has 300 characters" in said[0]
    assert said[1].endswith(f"events refused: too_long {refused}")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("given", "expected"), [("wrong", "401"), ("read", "403"), ("ingest", "404")])
def test_a_token_that_opens_nothing_ends_the_run_before_the_first_event(
    tmp_path: Path, live_server: Any, monkeypatch: pytest.MonkeyPatch, given: str, expected: str
) -> None:
    EventLog.objects.create(slug="toy", name="Toy")
    other = EventLog.objects.create(slug="other", name="Other")
    boss = User.objects.create_superuser("boss")
    token = given if given == "wrong" else create_token(boss, [given], [other] if given == "ingest" else [])[1]
    monkeypatch.setenv(VARIABLE, token)
    with pytest.raises(SinkError, match=rf"log 'toy': status {expected}: .+") as caught:
        run(tmp_path, log_sink(live_server.url))
    assert token not in str(caught.value)


def test_without_a_token_the_run_ends_with_the_name_of_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(SinkError, match=f"the environment variable {VARIABLE} holds no token"):
        run(tmp_path, log_sink("http://127.0.0.1:1"))


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_installation_is_asked_again_with_the_same_events_when_it_says(tmp_path: Path, status: int) -> None:
    with scripted(OK, (status, {"Retry-After": "0"}), (status, {})) as server:
        sent, said, _ = run(tmp_path, log_sink(server.url))
    first, again, last = server.bodies[1:]
    assert sent == len(first) == 10
    assert first == again == last
    assert [line.partition(": ")[2] for line in said] == [f"status {status}: Not now; trying again"]
    assert server.connections == 1  # kept open
    assert server.headers[0]["path"] == "/api/v1/logs/toy/events/?results=errors"
    assert server.headers[0]["Authorization"] == "Token a-token-of-tests"


def test_a_wait_longer_than_our_patience_ends_the_run(tmp_path: Path) -> None:
    with (
        scripted(OK, (503, {"Retry-After": "3600"})) as server,
        pytest.raises(SinkError, match=r"status 503: Not now; given up after 120 s"),
    ):
        run(tmp_path, log_sink(server.url))


def test_a_run_stopped_while_it_waits_says_what_was_not_delivered(tmp_path: Path) -> None:
    with scripted(OK, *[(503, {"Retry-After": "60"})] * 9) as server:
        made = Simulation.load([sound_but(tmp_path, sink=log_sink(server.url))], say=lambda text: made.stop())
        with pytest.raises(SinkError, match="stopped with 10 events not delivered"):
            made.run()


def test_an_installation_that_is_not_there_is_waited_for_and_then_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "PATIENCE", replace(log.PATIENCE, first_s=0.5))
    with pytest.raises(SinkError, match=r"log 'toy': cannot connect: Connection refused; given up after 0\.5 s"):
        run(tmp_path, log_sink(f"http://127.0.0.1:{free_port()}"))


def test_another_server_is_told_from_an_installation(tmp_path: Path) -> None:
    with scripted((200, {"Content-Length": "2"})) as server, pytest.raises(SinkError, match="answers, but not as a"):
        run(tmp_path, log_sink(server.url))


def test_an_installation_that_starts_late_is_waited_for(tmp_path: Path) -> None:
    port = free_port()
    said: list[str] = []
    made: list[Scripted] = []

    def start(text: str) -> None:  # when the sink says that it waits
        said.append(text)
        made.append(Scripted(port=port))
        threading.Thread(target=made[0].server.serve_forever, daemon=True).start()

    sink = log_sink(f"http://127.0.0.1:{port}")
    assert Simulation.load([sound_but(tmp_path, sink=sink)], seed=3, say=start).run() == 10
    assert [line.partition(": ")[2] for line in said] == ["cannot connect: Connection refused; trying again"]
    assert [len(body) for body in made[0].bodies] == [0, 10]
    made[0].server.shutdown()
    made[0].server.server_close()


def test_an_installation_that_fails_is_not_asked_again(tmp_path: Path) -> None:
    with scripted(OK, (500, {})) as server, pytest.raises(SinkError, match=r"log 'toy': status 500: Not now$"):
        run(tmp_path, log_sink(server.url))
    assert len(server.bodies) == 2


def test_an_answer_longer_than_anyone_reads_is_refused(tmp_path: Path) -> None:
    with (
        scripted((200, {"Padding": str(MAX_ANSWER_BYTES)})) as server,
        pytest.raises(SinkError, match=r"log 'toy': the answer is longer than 1,048,576 bytes$"),
    ):
        run(tmp_path, log_sink(server.url))


def test_the_token_wins_over_a_login_in_the_url(tmp_path: Path) -> None:
    with scripted() as server:
        run(tmp_path, log_sink(server.url.replace("://", "://me:secret@")))
    assert {headers["Authorization"] for headers in server.headers} == {"Token a-token-of-tests"}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), (" 0 ", 0.0), (None, None), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("²", None)],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header) == seconds


def test_retry_after_may_be_a_moment_ahead() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 85 < (retry_after_s(later) or 0) <= 90


@pytest.mark.parametrize(
    ("sink", "expected"),
    [
        (log_sink("ftp://x"), "spec.url: is no http:// or https:// address, got 'ftp://x'"),
        (log_sink("http://x:99999"), "spec.url: is no http"),
        (log_sink("http://x/#a"), "spec.url: is no http"),
        (log_sink("http://x", log="a/b"), "spec.log: has a wrong value, got 'a/b', expected a slug"),
        (SINK.replace("type: test", "type: log"), "spec.url: is missing"),
    ],
)
def test_a_wrong_field_is_told_with_its_place(tmp_path: Path, sink: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Simulation.load([sound_but(tmp_path, sink=sink)])
    assert expected in str(caught.value)
