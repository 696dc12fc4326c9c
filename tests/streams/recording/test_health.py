"""What health says of a broker and its streams while things go well, and while they do not."""

import contextlib
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from foundation.models import Lease
from procmine.serving import embedded_broker
from streams.brokers.mqtt import source
from streams.models import Broker, EventLog, Stream
from streams.recording import health, pulse
from tests.conftest import free_port, listening, needs, wait_for
from tests.streams.conftest import stored, wait_received
from tests.streams.recording.test_connection import Mosquitto, add

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is told soon."""
    monkeypatch.setattr(pulse, "HEARTBEAT_S", 0.2)
    monkeypatch.setattr(health, "STALLED_AFTER_S", 3.0)


def how(stream: Stream) -> health.StreamHealth:
    return health.of_stream(Stream.objects.select_related("broker").get(pk=stream.pk))


def wait_state(stream: Stream, state: str) -> health.StreamHealth:
    wait_for(lambda: how(stream).state == state, 20, f"the state {state}")
    return how(stream)


@contextlib.contextmanager
def stalled_database() -> Iterator[None]:
    """Reads go on; whoever writes waits."""
    if connection.vendor == "sqlite":
        with contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE streams_broker, streams_eventlog, foundation_lease IN EXCLUSIVE MODE")
            yield
            cursor.execute("ROLLBACK")
    finally:
        other.close()


def test_rate_and_lag_are_told_while_messages_come(registered, ingesting, publish, base):
    stream = registered()
    ingesting()
    assert how(stream).rate_per_s == 0
    wait_for(lambda: Broker.objects.get().rates is not None, what="a first look")
    publish(f"{base}/p/c/a", *[b""] * 200)
    wait_for(lambda: how(stream).rate_per_s > 1, what="the rate")
    told = how(stream)
    assert (told.state, told.last_error, told.advice) == ("connected", "", "")
    assert 0 <= told.lag_s < 10
    wait_for(lambda: how(stream).lag_s == 0, what="the end of the lag")


def test_a_stalled_database_is_told_by_the_silence_and_costs_nothing(registered, ingesting, publish, base, impatient):
    stream = registered()
    ingesting()
    publish(f"{base}/p/c/Before", b"")
    wait_received(stream, 1)
    with stalled_database():
        publish(f"{base}/p/c/During", *[b""] * 20)
        told = wait_state(stream, "stalled")
        assert told.lag_s >= 3
        assert told.state_since is not None
        assert "whether the database takes what it writes" in told.advice
    assert wait_received(stream, 21, timeout_s=30)["stored"] == 21
    told = wait_state(stream, "connected")
    assert (told.last_error, told.advice) == ("", "")


@pytest.fixture
def telling(tmp_path: Path) -> Iterator[Mosquitto]:
    """A Mosquitto, not started, that tells its figures every second."""
    made = Mosquitto(tmp_path, "allow_anonymous true\nsys_interval 1")
    yield made
    made.stop()


def test_what_waits_in_a_mosquitto_is_told_and_an_outage_is_remembered(ingesting, telling, impatient):
    mosquitto = telling
    mosquitto.start()
    row = Broker.objects.create(name="own", host="127.0.0.1", port=mosquitto.port)
    stream = add(row, "one", "one")
    assert how(stream).backlog_note.startswith("MQTT does not tell")
    ingesting()
    wait_for(lambda: how(stream).backlog == 0, what="an empty backlog")
    mosquitto.publish("else/where", "kept for a client that is away")
    mosquitto.stop()
    told = wait_state(stream, "failed")
    assert told.advice.startswith(("Start the broker", "It is tried again"))
    mosquitto.start()
    wait_state(stream, "connected")
    row.refresh_from_db()
    assert row.reconnects == 1
    assert row.last_failure_at is not None
    assert row.last_failure


def test_a_queue_that_overflowed_in_the_broker_is_told(ingesting, telling, impatient):
    mosquitto = telling
    advised = mosquitto.config.read_text()
    few = re.sub("max_inflight_messages .*", "", advised).replace("max_queued_messages 0", "max_queued_messages 10")
    mosquitto.config.write_text(few)
    mosquitto.start()
    row = Broker.objects.create(name="own", host="127.0.0.1", port=mosquitto.port)
    stream = add(row, "one", "one")
    ingesting()
    wait_for(lambda: how(stream).backlog is not None, what="the broker's figures")
    with stalled_database():
        mosquitto.publish("one/p/c/a", "{}", "--repeat", "200")
    wait_for(lambda: how(stream).last_error.startswith("The broker has dropped "), 20, "the overflow")
    assert (how(stream).state, how(stream).advice[:16]) == ("connected", "Let it keep more")
    received = wait_received(stream, 1)["received"]
    dropped = re.search(r"dropped (\d+)", how(stream).last_error)
    assert dropped is not None
    assert 10 <= received <= 200 - int(dropped[1])


def test_refused_messages_are_told_with_reasons_and_what_to_do(registered, ingesting, publish, base):
    stream = registered()
    ingesting()
    publish(f"{base}/p/c/a", b"[1]", b"{", b"{")
    wait_received(stream, 3)
    assert health.reasons(stream) == {"not_json": 2, "not_object": 1}
    assert how(stream).advice.startswith("3 messages refused: see why, mend")


def test_a_stopped_stream_says_why(registered, transactional_db):
    stream = registered()
    assert (how(stream).state, how(stream).advice) == (
        "stopped",
        "No process records it: start python manage.py ingest (serve runs one).",
    )
    Stream.objects.update(enabled=False)
    assert how(stream).advice == "It is switched off."


# --- The clock ----------------------------------------------------------------------------


def test_a_clock_that_jumps_loses_nothing_and_health_goes_on(
    registered, ingesting, publish, base, impatient, monkeypatch
):
    """An hour back, then two ahead: events keep the order of their numbers, and the newest arrival stays it."""
    stream = registered()
    ingesting()
    jump = [timedelta()]

    class Jumping(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + jump[0]

    monkeypatch.setattr(source, "datetime", Jumping)
    for number, hours in enumerate((0, -1, 2), 1):
        jump[0] = timedelta(hours=hours)
        publish(f"{base}/p/c/{number}", b"")
        wait_received(stream, number)
        assert how(stream).lag_s >= 0
    assert stored() == [("c", "1"), ("c", "2"), ("c", "3")]
    assert EventLog.objects.get().last_received_at > datetime.now(UTC) + timedelta(hours=1)
    wait_state(stream, "connected")


def test_a_database_clock_that_was_set_back_does_not_bind_a_lease_for_long(registered, ingesting, publish, base):
    """The lease of a process elsewhere that is gone, written when the clock was a day ahead."""
    stream = registered()
    row = Broker.objects.get()
    ahead = datetime.now(UTC) + timedelta(days=1)
    Lease.objects.create(name=row.lease, owner="elsewhere/1", expires_at=ahead)
    ingesting()
    publish(f"{base}/p/c/a", b"")
    assert wait_received(stream, 1)["stored"] == 1


# --- The embedded broker --------------------------------------------------------------------


class Embedded:
    """The broker of `manage.py serve`, which keeps its sessions in memory."""

    def __init__(self) -> None:
        self.broker = embedded_broker.prepare()
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", *self.broker.command()], stderr=subprocess.DEVNULL)
        wait_for(lambda: listening(self.broker.port), what="the embedded broker")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(5)

    def publish(self, topic: str, payload: str = "") -> None:
        command = [needs("mosquitto_pub"), "-p", str(self.broker.port), "-t", topic, "-m", payload, "-q", "1"]
        subprocess.run(command, check=True, timeout=10)


@pytest.fixture
def embedded(transactional_db: None, tmp_path: Path, settings: Any) -> Iterator[Embedded]:
    settings.VAR = tmp_path / "var"
    settings.BROKER_PORT = free_port()
    made = Embedded()
    yield made
    made.kill()


def test_the_embedded_broker_keeps_what_came_while_we_were_away_but_not_over_its_own_death(embedded, ingesting):
    stream = add(Broker.objects.get(), "one", "one")
    running = ingesting()
    embedded.publish("one/p/c/Poison", "{")
    embedded.publish("one/p/c/A")
    assert wait_received(stream, 2)["rejected"] == 1
    running.end()
    embedded.publish("one/p/c/B")
    ingesting()
    wait_received(stream, 3)
    with stalled_database():
        embedded.publish("one/p/c/C")
    wait_received(stream, 4)
    embedded.kill()
    assert wait_state(stream, "failed").advice
    embedded.start()
    wait_for(lambda: "lost our session" in how(stream).last_error, 15, "the lost session")
    told = how(stream)
    assert (told.state, told.advice[:20]) == ("connected", "Send again what is m")
    embedded.publish("one/p/c/D")
    wait_received(stream, 5)
    assert [activity for _, activity in stored()] == ["A", "B", "C", "D"]
