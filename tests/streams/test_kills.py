"""The promises P1 and P2 under SIGKILL: what was acknowledged is stored, and stored once."""

import os
import random
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from streams.models import Broker
from streams.mqtt import Address
from tests.conftest import wait_for
from tests.streams.conftest import Publish, wait_received

EVENTS = 3000
KILLS = 3
PUBACK = b"\x40"


class Recorder:
    """`manage.py ingest` as a process of an installation of its own."""

    def __init__(self, var: Path) -> None:
        self.database = var / "db.sqlite3"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PROCMINE_")}
        own = {"VAR": str(var), "DATABASE_URL": f"sqlite:///{self.database}", "INGEST_BATCH": "50"}
        self.env = clean | {f"PROCMINE_{name}": value for name, value in own.items()}
        self.process: subprocess.Popen[bytes] | None = None

    def manage(self, *words: str) -> None:
        subprocess.run([sys.executable, "manage.py", *words], cwd=django_settings.BASE_DIR, env=self.env, check=True)

    def start(self) -> None:
        command = [sys.executable, "manage.py", "ingest"]
        self.process = subprocess.Popen(command, cwd=django_settings.BASE_DIR, env=self.env)

    def end(self, how: int = signal.SIGKILL) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        code = self.process.wait(20)
        self.process = None
        return code

    def query(self, sql: str) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def number(self, sql: str) -> int:
        return int(str(self.query(sql)[0][0]))


@pytest.fixture
def recorder(tmp_path: Path, broker: str) -> Recorder:
    recorder = Recorder(tmp_path)
    recorder.manage("migrate", "-v0")
    address = Address.from_url(broker)
    recorder.manage(
        "shell",
        "-v0",
        "-c",
        "from streams.models import *\n"
        f"b = Broker.objects.create(name='m', host='{address.host}', port={address.port})\n"
        "Stream.objects.create(slug='s', name='s', broker=b, topic='kills', options={'escapes': 'percent'})",
    )
    return recorder


def test_every_event_is_stored_exactly_once_however_often_the_recorder_is_killed(recorder, publish):
    recorder.start()
    wait_for(lambda: "kills/#" in str(recorder.query("SELECT subscribed FROM streams_broker")), 20, "the subscription")
    sender = threading.Thread(target=send, args=(publish,))
    sender.start()
    chance = random.Random()
    stored_now = "SELECT stored FROM streams_stream"
    for kill in range(KILLS):
        least = min(recorder.number(stored_now) + chance.randint(1, EVENTS // (2 * KILLS)), EVENTS)
        wait_for(lambda least=least: recorder.number(stored_now) >= least, 20, f"events before kill {kill}")
        recorder.end()
        recorder.start()
    sender.join(30)
    enough = "SELECT COUNT(DISTINCT activity) FROM streams_event"
    wait_for(lambda: recorder.number(enough) == EVENTS, 30, "every event")
    assert recorder.end(signal.SIGTERM) == 0
    assert recorder.number("SELECT COUNT(*) FROM streams_event") == EVENTS
    assert recorder.number("SELECT next_seq FROM streams_eventlog") == EVENTS + 1
    [(received, stored, duplicates, rejected, ignored)] = recorder.query(
        "SELECT received, stored, duplicates, rejected, ignored FROM streams_stream"
    )
    assert (received, stored, rejected, ignored) == (EVENTS + int(str(duplicates)), EVENTS, 0, 0)
    assert recorder.query("SELECT state FROM streams_broker") == [("stopped",)]


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
                with client, broker:
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
