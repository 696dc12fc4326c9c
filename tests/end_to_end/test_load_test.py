"""A load test the whole way: simulate → load backend → broker → ingest → the events table."""

import json
import re
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import free_port, listening, wait_for
from tests.end_to_end.test_mining import recording, stored
from tests.installation import Installation
from tests.simulator.worlds import LOAD_TEST, PRESS, SINK, http_sink, sound_but

EVENTS = 600


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "var") as made:
        yield made


def status(port: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/loadgenerator/status", timeout=10) as answer:
        content: dict[str, Any] = json.load(answer)
        return content


def rows(installation: Installation, log: str) -> list[dict[str, Any]]:
    found, path = [], f"logs/{log}/events/?page_size=500"
    while path:
        page = installation.api("GET", path)
        found += page["results"]
        path = page["next"] and page["next"].partition("/api/v1/")[2]
    return found


def load_backend(installation: Installation, broker: str, topic: str) -> int:
    """Start one; its port."""
    port = free_port()
    installation.popen("loadbackend", "--broker", broker, "--topic", topic, "--port", str(port))
    wait_for(lambda: listening(port), timeout_s=20, what="the load backend")
    return port


def test_every_event_of_a_load_test_is_in_the_table_as_the_configuration_made_it(
    installation: Installation, broker: str, tmp_path: Path
) -> None:
    installation.start("web")
    installation.start("ingest")
    recording(installation, broker, "load/a")
    port = load_backend(installation, broker, "load/a/Orders no. 1")
    (tmp_path / "world").mkdir()
    folder = sound_but(
        tmp_path / "world",
        press=PRESS.replace("activity: jam", 'activity: "Jam / 100% ✓"'),
        simulation=LOAD_TEST.replace("load: 7.9", f"load: {EVENTS / 6}"),
        sink=http_sink(f"http://127.0.0.1:{port}/loadgenerator", more="timeframe: 200"),
        console=SINK.replace("name: kept", "name: shown").replace("type: test", "type: console"),
    )
    lines = installation.manage("simulate", str(folder), "--count", str(EVENTS), "--seed", "3").splitlines()
    made = [json.loads(line.partition(": ")[2]) for line in lines]
    assert len(made) == EVENTS
    wait_for(lambda: stored(installation, "orders-no-1") == EVENTS, timeout_s=60, what="all events stored")

    found = [
        (row["case"], row["activity"], row["at"][:19].replace("T", " "), row["attributes"]["node"])
        for row in rows(installation, "orders-no-1")
    ]
    assert Counter(found) == Counter((e["caseid"], e["activity"], e["timestamp"], e["node"]) for e in made)
    health = installation.api("GET", "streams/plant/health/")
    assert (health["stored"], health["rejected"], health["duplicates"]) == (EVENTS, 0, 0)

    told = status(port)
    assert told["registered"] == told["played"] == {"timeframes": 6, "events": EVENTS}
    assert told["asked_per_s"] == EVENTS / 6 / 0.2
    installation.stop("loadbackend")
    report = installation.log_file("loadbackend").read_text()
    assert f"registered {EVENTS} events in 6 timeframes\nsent {EVENTS} events, the latest " in report
    assert re.search(r"asked 500\.0 events/s, sent \d+\.\d events/s\n", report)
    assert "Traceback" not in report


def test_a_load_backend_that_is_ended_early_says_what_it_did_not_play(
    installation: Installation, broker: str, tmp_path: Path
) -> None:
    port = load_backend(installation, broker, "load/b")
    (tmp_path / "world").mkdir()
    folder = sound_but(
        tmp_path / "world",
        simulation=LOAD_TEST.replace("Start: 2", "Start: 3"),
        sink=http_sink(f"http://127.0.0.1:{port}/loadgenerator", more="timeframe: 60000"),
    )
    installation.manage("simulate", str(folder), "--count", "21")
    wait_for(lambda: status(port)["played"]["events"], what="the first event")
    process = installation.processes["loadbackend"]
    installation.stop("loadbackend")
    assert process.returncode == 0
    assert "14 events in 2 timeframes were not played\n" in installation.log_file("loadbackend").read_text()


def test_a_load_backend_without_its_broker_ends_with_one_line(installation: Installation) -> None:
    url = f"mqtt://127.0.0.1:{free_port()}"
    process = installation.popen("loadbackend", "--broker", url, "--topic", "a/b", "--port", str(free_port()))
    assert process.wait(timeout=40) == 1
    assert installation.log_file("loadbackend").read_text().splitlines()[-1].startswith(f"CommandError: {url}: cannot")
