"""The sink ``http`` with single events, against a server that records and refuses."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.errors import SinkError
from simulator.simulation import Simulation
from simulator.sinks import http, http_poster
from simulator.sinks.http import HttpSink
from tests.conftest import free_port, wait_for
from tests.simulator.stand_in import StandIn, stand_in
from tests.simulator.worlds import COUNTED, SINK, sound_but

START_AT = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[StandIn]:
    with stand_in() as made:
        yield made


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PATIENCE", replace(http.PATIENCE, delays_s=(0.01, 0.02, 0.04)))


def loaded(folder: Path, url: str, said: list[str] | None = None) -> Simulation:
    sink = SINK.replace("type: test", f"type: http\n      url: {url}")
    say = None if said is None else said.append
    return Simulation.load([sound_but(folder, sink=sink)], seed=1, say=say)


def test_each_event_is_one_post_to_exactly_the_url_over_one_connection(tmp_path: Path, server: StandIn) -> None:
    assert loaded(tmp_path, f"{server.url}/in/?a=b").run(start=START_AT) == 10
    assert server.paths() == ["/in/?a=b"] * 10
    assert len({request.client for request in server.requests}) == 1
    first = server.requests[0]
    assert list(first.json) == ["timestamp", "activity", "caseid", "node", "group"]
    assert first.json["timestamp"].startswith("2026-05-06 07:")
    assert first.headers["Content-Type"] == "application/json"


def test_a_login_in_the_url_is_sent_and_never_shown(tmp_path: Path, server: StandIn) -> None:
    url = server.url.replace("://", "://me:p%40ss@")
    loaded(tmp_path, url).run(count=1)
    assert server.requests[0].headers["Authorization"] == "Basic bWU6cEBzcw=="
    server.answer = lambda request: (403, {})
    with pytest.raises(SinkError) as caught:
        loaded(tmp_path, url).run(count=1)
    assert str(caught.value) == f"{server.url}: status 403: the stand-in says no"


def test_a_status_that_may_be_gone_is_tried_again_and_nothing_is_lost(tmp_path: Path, server: StandIn) -> None:
    server.answer = lambda request: (503 if len(server.requests) in (3, 4) else 200, {})
    said: list[str] = []
    assert loaded(tmp_path, server.url, said).run() == 10
    bodies = [request.body for request in server.requests]
    assert bodies[2] == bodies[3] == bodies[4]
    assert len(bodies) == 12
    assert said == [f"{server.url}: status 503: the stand-in says no; trying again"]


def test_a_status_that_stays_ends_the_run_with_url_and_status(tmp_path: Path, server: StandIn) -> None:
    server.answer = lambda request: (500, {})
    with pytest.raises(SinkError, match=rf"^{server.url}/x: status 500: the stand-in says no, 4 times in a row$"):
        loaded(tmp_path, f"{server.url}/x").run()
    assert len(server.requests) == 4


@pytest.mark.parametrize("status", [302, 400, 404])
def test_a_status_that_another_try_does_not_change_ends_the_run_at_once(
    tmp_path: Path, server: StandIn, status: int
) -> None:
    server.answer = lambda request: (status, {"Location": f"{server.url}/elsewhere"})
    with pytest.raises(SinkError, match=f"status {status}"):
        loaded(tmp_path, server.url).run()
    assert len(server.requests) == 1


def test_the_patience_a_server_asks_for_is_kept(tmp_path: Path, server: StandIn) -> None:
    server.answer = lambda request: (503, {"Retry-After": "1"}) if len(server.requests) == 1 else (200, {})
    loaded(tmp_path, server.url).run(count=1)
    first, second = server.requests
    assert second.at_s - first.at_s >= 1


def test_a_server_that_was_never_there_is_an_error_at_once(tmp_path: Path) -> None:
    said: list[str] = []
    url = f"http://127.0.0.1:{free_port()}/in"
    with pytest.raises(SinkError) as caught:
        loaded(tmp_path, url, said).run()
    assert str(caught.value) == f"{url}: cannot connect: Connection refused"
    assert said == []


def test_a_server_that_does_not_answer_is_an_error_after_some_tries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_poster, "ANSWER_S", 0.05)
    with (
        socket.create_server(("127.0.0.1", 0)) as mute,
        pytest.raises(SinkError, match=r"timed out.*, 4 times in a row$"),
    ):
        loaded(tmp_path, f"http://127.0.0.1:{mute.getsockname()[1]}").run()


def test_a_run_that_waits_for_a_server_can_be_stopped(
    tmp_path: Path, server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "PATIENCE", replace(http.PATIENCE, delays_s=(30.0,)))
    server.answer = lambda request: (503, {})
    simulation = loaded(tmp_path, server.url)

    def stop_when_it_waits() -> None:
        wait_for(lambda: server.requests, what="a request")
        simulation.stop()

    stopper = threading.Thread(target=stop_when_it_waits)
    stopper.start()
    assert simulation.run() == 0
    stopper.join()


@pytest.mark.parametrize(
    "url", ["", "host:80", "ftp://x", "http://", "http://x:0", "http://x:a", "http://x/#a", "http://x y"]
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        HttpSink(url)


def test_no_simulation_gives_an_http_sink_a_timeframe_that_is_not_a_load_test(tmp_path: Path, server: StandIn) -> None:
    text = COUNTED + "      timeframe: 100\n"
    sink = SINK.replace("type: test", f"type: http-sink\n      url: {server.url}")
    Simulation.load([sound_but(tmp_path, sink=sink, simulation=text)], seed=1).run(count=2)
    assert [len(json.loads(request.body)) for request in server.requests] == [5, 5]
