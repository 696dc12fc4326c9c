"""The promises P1 and P2 under SIGKILL: what was acknowledged is stored, and stored once."""

import random
import select
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from streams.brokers.mqtt import Address
from streams.models import Broker
from tests.conftest import wait_for
from tests.installation import Installation
from tests.streams.conftest import Publish, wait_received

EVENTS = 3000
KILLS = 3
PUBACK = b"\x40"


@pytest.fixture
def recorder(tmp_path: Path, broker: str) -> Iterator[Installation]:
    """An installation with a stream on the Mosquitto of the tests."""
    address = Address.from_url(broker)
    with Installation(tmp_path / "var", INGEST_BATCH="50") as made:
        made.manage(
            "shell",
            "-v0",
            "-c",
            "from streams.models import *\n"
            f"b = Broker.objects.create(name='m', host='{address.host}', port={address.port})\n"
            "Stream.objects.create(slug='s', name='s', broker=b, topic='kills', options={'escapes': 'percent'})",
        )
        yield made


def query(recorder: Installation, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(f"file:{recorder.var / 'procmine.sqlite3'}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def number(recorder: Installation, sql: str) -> int:
    return int(str(query(recorder, sql)[0][0]))


def test_every_event_is_stored_exactly_once_however_often_the_recorder_is_killed(recorder, publish):
    recorder.start("ingest")
    wait_for(lambda: "kills/#" in str(query(recorder, "SELECT subscribed FROM streams_broker")), 20, "the subscription")
    sender = threading.Thread(target=send, args=(publish,))
    sender.start()
    chance = random.Random()
    stored_now = "SELECT stored FROM streams_stream"
    for kill in range(KILLS):
        least = min(number(recorder, stored_now) + chance.randint(1, EVENTS // (2 * KILLS)), EVENTS)
        wait_for(lambda least=least: number(recorder, stored_now) >= least, 20, f"events before kill {kill}")
        recorder.kill("ingest")
        recorder.start("ingest")
    sender.join(30)
    enough = "SELECT COUNT(DISTINCT activity) FROM streams_event"
    wait_for(lambda: number(recorder, enough) == EVENTS, 30, "every event")
    process = recorder.processes["ingest"]
    recorder.stop("ingest")
    assert process.returncode == 0
    assert number(recorder, "SELECT COUNT(*) FROM streams_event") == EVENTS
    assert number(recorder, "SELECT next_seq FROM streams_eventlog") == EVENTS + 1
    [(received, stored, duplicates, rejected, ignored)] = query(
        recorder, "SELECT received, stored, duplicates, rejected, ignored FROM streams_stream"
    )
    assert (received, stored, rejected, ignored) == (EVENTS + int(str(duplicates)), EVENTS, 0, 0)
    assert query(recorder, "SELECT state FROM streams_broker") == [("stopped",)]


def send(publish: Publish) -> None:
    """Every second event has an id; the others are recognised by packet id and hash, or not at all."""
    for number in range(EVENTS):
        publish(f"kills/p/c{number % 7}/a{number}", b'{"id":"e%d"}' % number if number % 2 else b"{}")


class Cutter(threading.Thread):
    """Stands between client and broker, and cuts the line instead of passing on the first acknowledgements."""

    def __init__(self, port: int, cuts: int) -> None:
        super().__init__(daemon=True)
        self.cuts = cuts
        self._to = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.start()

    def run(self) -> None:
        with self._server:
            while self.cuts >= 0:
                client, _ = self._server.accept()
                broker = socket.create_connection(("127.0.0.1", self._to))
                with client, broker, suppress(ConnectionError):  # reset by one side: the client comes again
                    self._pass_on(client, broker)

    def _pass_on(self, client: socket.socket, broker: socket.socket) -> None:
        while True:
            for source in select.select([client, broker], [], [])[0]:
                data = source.recv(65536)
                if source is client and data[:1] == PUBACK and self.cuts > 0:
                    self.cuts -= 1
                    return
                if not data:
                    self.cuts -= self.cuts == 0  # the client has gone in order: nobody comes any more
                    return
                (broker if source is client else client).sendall(data)


def test_a_redelivery_whose_acknowledgement_is_lost_again_is_recognised_again(registered, ingesting, publish, base):
    stream = registered()
    cutter = Cutter(Broker.objects.get().port, cuts=2)
    Broker.objects.update(port=cutter.port)
    ingesting()
    publish(f"{base}/p/c/a", b"{}")
    assert wait_received(stream, 3, timeout_s=20)["duplicates"] == 2
    publish(f"{base}/p/c/a", b"{}")
    assert wait_received(stream, 4, timeout_s=20) == {
        "received": 4,
        "stored": 2,
        "duplicates": 2,
        "rejected": 0,
        "ignored": 0,
    }
