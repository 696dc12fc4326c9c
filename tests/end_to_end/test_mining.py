"""The whole way: a real log → replay → broker → ingest → events → mine → socket, beside what pm4py finds at once."""

import csv
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.conftest import wait_for
from tests.installation import Installation
from tests.tools.sample_logs import sample_files


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "var") as made:
        made.start("web")
        yield made


@pytest.fixture
def history(tmp_path: Path) -> tuple[Path, int]:
    """A CSV log and its number of events: the receipt log where the sample logs are, else one made here."""
    for sample in sample_files():
        if sample.name == "receipt.csv":
            return sample, 8577
    path, rows, chance = tmp_path / "made.csv", 0, random.Random(7)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case:concept:name", "concept:name", "time:timestamp", "case:channel"])
        for case in range(600):
            at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=case * 7)
            activity = "Take / register"
            while activity:
                writer.writerow([f"case {case}", activity, at.isoformat(), "desk+1"])
                rows += 1
                at += timedelta(minutes=chance.choice((0, 3, 90)))
                activity = chance.choice(
                    {"Take / register": ["Check #1", "Send"]}.get(activity, ["Check #1", "Send", ""])
                )
    return path, rows


def graph(picture: dict[str, Any]) -> dict[str, dict[Any, int]]:
    names = {node["id"]: node["label"] for node in picture["nodes"]}
    return {
        "edges": {(names[edge["s"]], names[edge["t"]]): edge["n"] for edge in picture["edges"]},
        "nodes": {node["label"]: node["n"] for node in picture["nodes"]},
        "starts": {node["label"]: node["starts"] for node in picture["nodes"] if node["starts"]},
        "ends": {node["label"]: node["ends"] for node in picture["nodes"] if node["ends"]},
    }


def batch(installation: Installation, log: str) -> dict[str, dict[Any, int]]:
    """What pm4py finds in the stored events, read back over the API."""
    import pm4py

    rows, path = [], f"logs/{log}/events/?page_size=500"
    while path:
        page = installation.api("GET", path)
        rows += page["results"]
        path = page["next"] and page["next"].partition("/api/v1/")[2]
    frame = pd.DataFrame(
        {
            "case:concept:name": [row["case"] for row in rows],
            "concept:name": [row["activity"] for row in rows],
            "time:timestamp": pd.to_datetime([row["at"] for row in rows], utc=True, format="ISO8601"),
            "seq": [row["seq"] for row in rows],
        }
    ).sort_values(["case:concept:name", "time:timestamp", "seq"], kind="stable")
    edges, starts, ends = pm4py.discover_dfg(frame.copy())
    nodes = frame["concept:name"].value_counts().to_dict()
    return {"edges": dict(edges), "nodes": nodes, "starts": dict(starts), "ends": dict(ends)}


def stored(installation: Installation, log: str) -> int:
    logs = {row["slug"]: row for row in installation.api("GET", "logs/")["results"]}
    return int(logs[log]["last_seq"]) if log in logs else 0


def recording(installation: Installation, broker: str, topic: str) -> None:
    """An enabled stream whose subscription stands, so that nothing is published before anyone listens."""
    installation.add_stream(installation.connect_broker(broker), topic)
    connected(installation, "plant")


def connected(installation: Installation, broker: str) -> None:
    def state() -> bool:
        return any(
            row["name"] == broker and row["state"] == "connected"
            for row in installation.api("GET", "brokers/")["results"]
        )

    wait_for(state, timeout_s=20, what=f"the connection to {broker}")


def replay(installation: Installation, file: Path, broker: str, base: str) -> str:
    return installation.manage(
        "replay", str(file), "--broker", broker, "--base", base, "--process", "orders", "--speed", "0"
    )


def test_the_map_on_the_socket_equals_pm4py_on_the_stored_log_though_ingest_and_mine_are_killed(
    installation: Installation, broker: str, history: tuple[Path, int]
) -> None:
    file, events = history
    chance = random.Random(11)
    for role in ("ingest", "mine"):
        installation.start(role)
    recording(installation, broker, "e2e")
    publishing = installation.popen(
        "replay", str(file), "--broker", broker, "--base", "e2e", "--process", "orders", "--speed", "0"
    )
    for kill in range(2):
        reached = events * (kill + chance.random()) / 3
        wait_for(lambda least=reached: stored(installation, "orders") > least, timeout_s=60, what="some progress")
        for role in chance.sample(("ingest", "mine"), 2):
            installation.kill(role)
            installation.start(role)
    assert publishing.wait(timeout=120) == 0
    wait_for(lambda: stored(installation, "orders") == events, timeout_s=90, what="all events stored")
    client = installation.live("orders")
    assert graph(client.wait_for_seq(events)) == batch(installation, "orders")
    client.close()
    counts = installation.api("GET", "streams/plant/health/")
    assert counts["received"] == sum(counts[name] for name in ("stored", "duplicates", "rejected", "ignored"))
    assert (counts["stored"], counts["rejected"]) == (events, 0)

    replay(installation, file, broker, "e2e")  # the same events once more: known by their ids
    known = counts["duplicates"] + events
    wait_for(
        lambda: installation.api("GET", "streams/plant/health/")["duplicates"] == known,
        timeout_s=60,
        what="all of the second replay recognised",
    )
    assert stored(installation, "orders") == events
    assert installation.manage("audit", "orders").splitlines()[-1].endswith(": equal")


def test_a_second_broker_and_stream_begin_to_record_without_a_restart(
    installation: Installation, broker: str, second_broker: str, tmp_path: Path
) -> None:
    file = tmp_path / "few.csv"
    file.write_text("case,activity,time\n" + "".join(f"c{n % 3},A,2026-01-02\n" for n in range(20)))
    installation.start("ingest")
    recording(installation, broker, "one")
    added = installation.connect_broker(second_broker, "annex")
    installation.add_stream(added, "two", slug="annex")
    connected(installation, "annex")
    replay(installation, file, second_broker, "two")
    wait_for(lambda: stored(installation, "orders") == 20, timeout_s=60, what="all events stored")


def test_a_client_that_was_away_resumes_with_a_delta_and_shows_the_same(
    installation: Installation, broker: str
) -> None:
    installation.start("mine")
    installation.api("POST", "logs/", {"slug": "orders", "name": "orders"})
    send(installation, ("a", "Take"), ("b", "Take"))
    first = installation.live("orders")
    shown = first.wait_for_seq(2)
    first.close()
    send(installation, ("a", "Pack"), ("c", "Take"))
    again = installation.live("orders", resume={"epoch": shown["epoch"], "version": shown["version"]})
    again.shown = shown
    assert graph(again.wait_for_seq(4)) == batch(installation, "orders")
    assert "snapshot" not in again.seen
    assert {(move[0], move[1] is None) for move in again.moves} == {("a", False), ("c", True)}

    installation.kill("web")  # a restart of the server, too
    installation.start("web")
    send(installation, ("b", "Pack"))
    once_more = installation.live("orders", resume={"epoch": shown["epoch"], "version": shown["version"]})
    once_more.shown = shown
    assert graph(once_more.wait_for_seq(5)) == batch(installation, "orders")


def send(installation: Installation, *events: tuple[str, str]) -> None:
    installation.api("POST", "logs/orders/events/", [{"case": case, "activity": activity} for case, activity in events])
