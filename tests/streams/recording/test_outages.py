"""Brokers that fall silent, databases that take nothing: defined outcomes, told in the broker's state, nothing lost."""

import select
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.backends.signals import connection_created

from streams.brokers.base import BrokerError
from streams.brokers.mqtt import Address, Source, address
from streams.brokers.mqtt.source import MAX_HELD
from streams.models import Broker, Event, Stream
from tests.conftest import needs, wait_for
from tests.streams.conftest import counts, stored, wait_received
from tests.streams.recording.test_connection import Mosquitto, make_certificate

pytestmark = pytest.mark.django_db(transaction=True)


def told(state: str, words: str) -> None:
    def seen() -> bool:
        row = Broker.objects.get()
        return row.state == state and words in row.last_error and row.state_since is not None

    wait_for(seen, 20, f"state {state} with {words!r}")


# --- The network ------------------------------------------------------------------------


class Line(threading.Thread):
    """Passes bytes between clients and a broker until it is cut: then it swallows them and tells nobody."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.cut = threading.Event()
        self._to = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._other: dict[socket.socket, socket.socket] = {}
        self._ended = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._ended.is_set():
            for ready in select.select([self._server, *self._other], [], [], 0.1)[0]:
                if ready is self._server:
                    client, broker = self._server.accept()[0], socket.create_connection(("127.0.0.1", self._to))
                    self._other |= {client: broker, broker: client}
                elif ready in self._other:
                    self._pass_on(ready)
        for one in (self._server, *self._other):
            one.close()

    def _pass_on(self, ready: socket.socket) -> None:
        try:
            data = ready.recv(65536)
            if not self.cut.is_set() and data:
                self._other[ready].sendall(data)
        except OSError:
            data = b""
        if not data:
            for one in (self._other.pop(ready), ready):
                self._other.pop(one, None)
                one.close()

    def end(self) -> None:
        self._ended.set()
        self.join(5)


@pytest.fixture
def line(broker: str) -> Iterator[Line]:
    made = Line(Address.from_url(broker).port)
    yield made
    made.end()


def test_a_connection_that_is_dead_without_a_word_is_noticed_and_replaced(
    registered, ingesting, publish, base, line, monkeypatch
):
    monkeypatch.setattr(address, "KEEPALIVE_S", 1)
    stream = registered()
    Broker.objects.update(port=line.port)
    ingesting()
    publish(f"{base}/p/c/Before", b"")
    wait_received(stream, 1)
    line.cut.set()
    publish(f"{base}/p/c/During", b"")
    told("failed", "The connection was lost")
    line.cut.clear()
    wait_received(stream, 2, timeout_s=20)
    told("connected", "")
    assert stored() == [("c", "Before"), ("c", "During")]


class Flooding(threading.Thread):
    """A broker that answers no ping, as if its answers lay behind all the messages that it sends."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.pings = 0
        self.silent = threading.Event()
        self.ended = threading.Event()
        self.start()

    def run(self) -> None:
        client, _ = self._server.accept()
        with client, self._server:
            client.recv(1000)
            client.sendall(b"\x20\x02\x00\x00")  # CONNACK
            while not self.ended.wait(0.02):
                if not self.silent.is_set():
                    client.sendall(b"\x30\x04\x00\x01tx")  # PUBLISH of QoS 0
                if select.select([client], [], [], 0)[0]:
                    self.pings += client.recv(1000).count(b"\xc0\x00")


def test_a_broker_that_sends_messages_lives_though_its_answer_to_a_ping_waits_behind_them(monkeypatch):
    monkeypatch.setattr(address, "KEEPALIVE_S", 1)
    flooding = Flooding()
    source = Source(Address("127.0.0.1", flooding.port), "x")
    source.connect()
    wait_for(lambda: source.receive(100, 0.05) and flooding.pings >= 3, what="three pings over a connection that stays")
    flooding.silent.set()
    with pytest.raises(BrokerError, match="connection was lost"):
        wait_for(lambda: source.receive(100, 0.05) and False, what="the silence noticed")
    flooding.ended.set()
    flooding.join(5)


def test_a_peer_that_speaks_no_mqtt_is_told_in_words(transactional_db):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.recv(1000)
                client.sendall(b"\x30\xff\xff\xff\xff\xff HTTP/1.1 400 Bad Request")
                client.recv(1000)

        thread = threading.Thread(target=answer)
        thread.start()
        source = Source(Address("127.0.0.1", server.getsockname()[1]), "x", timeout_s=5)
        with pytest.raises(BrokerError, match="sent what is no MQTT"):
            source.connect()
        thread.join(5)


# --- Memory -----------------------------------------------------------------------------


def test_messages_that_nobody_takes_wait_in_the_broker_and_not_in_memory(broker, publish, base):
    """500 of 100 kB are more than is ever held; each one is there when it is asked for, in order."""
    source = Source(Address.from_url(broker), f"{base}-x", keep_session=False)
    source.connect()
    source.subscribe({f"{base}/#": 1})
    wait_for(lambda: source.keep_alive(0.05) or source.settled, what="the subscription")
    sender = threading.Thread(target=publish, args=(f"{base}/t", *(b"%6d" % n + b"x" * 100_000 for n in range(500))))
    sender.start()

    def held() -> int:
        return sum(len(message.payload) for message in source._waiting)

    largest = 0
    while sender.is_alive():
        source.keep_alive(0.02)
        largest = max(largest, held())
    assert MAX_HELD <= held() <= largest < 2 * MAX_HELD + 1_000_000
    numbers: list[int] = []

    def take() -> bool:
        messages = source.receive(200, 1)
        numbers.extend(int(message.payload[:6]) for message in messages)
        source.acknowledge(messages)
        return len(numbers) >= 500

    wait_for(take, timeout_s=60, what="the rest")
    source.close()
    assert numbers == list(range(500))


# --- The database -----------------------------------------------------------------------


@pytest.fixture
def on_connect(transactional_db: None) -> Iterator[Callable[[str], None]]:
    """What every new connection of SQLite does first, from now on."""
    if connection.vendor != "sqlite":
        pytest.skip("SQLite's own limits")
    commands = [""]

    def run(connection: Any, **_: Any) -> None:
        connection.connection.execute(commands[0])

    connection_created.connect(run)
    yield lambda command: commands.__setitem__(0, command)
    connection_created.disconnect(run)


def test_a_full_disk_acknowledges_nothing_says_so_and_goes_on_when_there_is_room(
    on_connect, registered, ingesting, publish, base
):
    stream = registered()
    ingesting().end()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # free pages that other tests left would be room
        [(pages,)] = cursor.execute("PRAGMA page_count").fetchall()
    on_connect(f"PRAGMA max_page_count={pages}")
    ingesting()
    sent = [b'{"id":"%d","text":"%s"}' % (n, b"x" * 3000) for n in range(300)]
    publish(f"{base}/p/c/a", *sent)
    told("failed", "full. Make room on its disk")
    assert Broker.objects.get().last_error_code == "disk-full"
    on_connect("")
    assert wait_received(stream, 300, timeout_s=20)["stored"] == 300
    told("connected", "")
    assert list(Event.objects.order_by("seq").values_list("event_id", flat=True)) == [str(n) for n in range(300)]


def test_a_database_that_another_writer_holds_for_long_loses_nothing(
    on_connect, registered, ingesting, publish, base, caplog
):
    on_connect("PRAGMA busy_timeout=50")
    stream = registered()
    ingesting()
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        publish(f"{base}/p/c/a", *[b""] * 50)
        wait_for(lambda: "does not take events: database is locked" in caplog.text, what="the word of it")
        assert counts(stream)["received"] == 0
        other.execute("COMMIT")
    assert wait_received(stream, 50, timeout_s=20) == {
        "received": 50,
        "stored": 50,
        "duplicates": 0,
        "rejected": 0,
        "ignored": 0,
    }


def test_a_database_that_ends_every_connection_is_used_again(registered, ingesting, publish, base):
    if connection.vendor != "postgresql":
        pytest.skip("a file has no connections to end")
    stream = registered()
    ingesting()
    for number in range(3):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"  # other tests run beside this one
            )
        publish(f"{base}/p/c/{number}", b"")
        wait_received(stream, number + 1, timeout_s=20)
    told("connected", "")
    assert stored() == [("c", "0"), ("c", "1"), ("c", "2")]


# --- TLS --------------------------------------------------------------------------------


@pytest.fixture
def tls_broker(tmp_path: Path, transactional_db: None) -> Iterator[tuple[Broker, Callable[[str, list[str]], None]]]:
    """A broker that speaks TLS, and a way to publish lines to it."""
    key, cert = make_certificate(tmp_path)
    mosquitto = Mosquitto(tmp_path, f"allow_anonymous true\ncertfile {cert}\nkeyfile {key}")
    mosquitto.start()

    def publish(topic: str, lines: list[str]) -> None:
        command = [needs("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(mosquitto.port), "--cafile", str(cert)]
        subprocess.run(
            [*command, "-t", topic, "-q", "1", "-l"], input="\n".join(lines).encode(), check=True, timeout=20
        )

    yield Broker.objects.create(name="t", host="127.0.0.1", port=mosquitto.port, tls=True, ca=cert.read_text()), publish
    mosquitto.stop()


def test_a_burst_over_tls_arrives_whole_and_in_order(tls_broker, ingesting):
    """What TLS has decrypted already is read though the network shows nothing."""
    row, publish_lines = tls_broker
    stream = Stream.objects.create(slug="t", name="t", broker=row, topic="t")
    ingesting()
    publish_lines("t/p/c/a", [f'{{"id":"{n}","x":"{"y" * (n % 700)}"}}' for n in range(2000)])
    assert wait_received(stream, 2000, timeout_s=20)["stored"] == 2000
    assert list(Event.objects.order_by("seq").values_list("event_id", flat=True)) == [str(n) for n in range(2000)]
