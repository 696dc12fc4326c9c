"""Brokers that are away, refuse us or forget us; streams that change while we record."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from streams.brokers.base import BrokerError, client_id
from streams.brokers.mqtt import Address
from streams.brokers.registry import test_connection as try_connection
from streams.models import Broker, Delivered, EventLog, Stream
from streams.recording.ingest import Ingest
from tests.conftest import free_port, listening, needs, wait_for
from tests.streams.conftest import counts, stored, subscribed, wait_received

pytestmark = pytest.mark.django_db(transaction=True)


class Mosquitto:
    """A Mosquitto that a test may stop; set up as docs/mosquitto.conf advises."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        self.port = free_port()
        advised = (django_settings.BASE_DIR / "docs" / "mosquitto.conf").read_text()
        text = re.sub(r"(?m)^listener .*$", f"listener {self.port} 127.0.0.1", advised)
        text = re.sub(r"(?m)^persistence_location .*$", f"persistence_location {folder}/", text)
        if extra:
            text = text.replace("allow_anonymous true", extra)
        self.config = folder / "mosquitto.conf"
        self.config.write_text(text + f"\nuser {os.environ.get('USER', 'root')}\n")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen([needs("mosquitto"), "-c", str(self.config)], stderr=subprocess.DEVNULL)
        wait_for(lambda: listening(self.port), timeout_s=5, what="mosquitto")

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(5)
            self.process = None

    def publish(self, topic: str, payload: str = "{}", *options: str) -> None:
        command = [needs("mosquitto_pub"), "-p", str(self.port), "-t", topic, "-m", payload, "-q", "1", *options]
        subprocess.run(command, check=True, timeout=10)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def row(transactional_db: None, mosquitto: Mosquitto) -> Broker:
    return Broker.objects.create(name="own", host="127.0.0.1", port=mosquitto.port)


def add(row: Broker, slug: str, topic: str, **columns: object) -> Stream:
    stream = Stream(slug=slug, name=slug, broker=row, topic=topic, **columns)
    stream.full_clean()
    stream.save()
    return stream


def told(row: Broker, state: str, words: str = "") -> Broker:
    def check() -> Broker | None:
        row.refresh_from_db()
        return row if row.state == state and words in row.last_error else None

    return wait_for(check, 15, f"state {state} with {words!r}")


# --- Streams come and go ----------------------------------------------------------------


def test_streams_added_changed_and_removed_take_effect_while_recording(ingesting, mosquitto, row):
    one = add(row, "one", "one")
    ingesting()
    two = add(row, "two", "two")
    wait_for(lambda: subscribed(two), 2, "the added stream")
    mosquitto.publish("one/p/c/A")
    mosquitto.publish("two/p/c/B")
    wait_received(one, 1)
    wait_received(two, 1)
    two.topic = "zwei"
    two.save()
    wait_for(lambda: set(Broker.objects.get().subscribed) == {"one/#", "zwei/#"}, 2, "the changed stream")
    mosquitto.publish("two/p/c/lost")
    mosquitto.publish("zwei/p/c/C")
    wait_received(two, 2)
    one.enabled = False
    one.save()
    wait_for(lambda: set(Broker.objects.get().subscribed) == {"zwei/#"}, 2, "the stopped stream")
    mosquitto.publish("one/p/c/lost")
    mosquitto.publish("zwei/p/c/D")
    wait_received(two, 3)
    assert stored() == [("c", "A"), ("c", "B"), ("c", "C"), ("c", "D")]
    assert counts(one)["received"] == 1


def test_a_broker_added_while_recording_is_used_and_let_go_with_its_last_stream(ingesting, mosquitto, row):
    ingesting()
    stream = add(row, "one", "one")
    wait_for(lambda: subscribed(stream), 5, "the first stream")
    Stream.objects.filter(pk=stream.pk).update(enabled=False)  # without any hint
    told(row, "stopped")
    assert row.subscribed == {}


def test_a_stream_stopped_while_nobody_recorded_is_unsubscribed_later(ingesting, mosquitto, row):
    stream = add(row, "one", "one")
    ingesting().end()
    assert Broker.objects.get().subscribed == {"one/#": 1}
    Stream.objects.filter(pk=stream.pk).update(topic="two")
    ingesting()
    wait_for(lambda: Broker.objects.get().subscribed == {"two/#": 1}, 5, "the new subscription alone")
    mosquitto.publish("one/p/c/lost")
    mosquitto.publish("two/p/c/B")
    wait_received(stream, 1)
    assert stored() == [("c", "B")]


def test_overlapping_streams_of_one_broker_are_refused(mosquitto, row):
    add(row, "one", "plant/1")
    with pytest.raises(ValidationError, match="overlaps"):
        add(row, "two", "plant/+", format="json", log=EventLog.objects.create(slug="l", name="l"))


# --- Brokers fail -----------------------------------------------------------------------


def test_what_came_while_nobody_recorded_waits_in_the_session(ingesting, mosquitto, row):
    stream = add(row, "one", "one")
    ingesting().end()
    mosquitto.publish("one/p/c/A")
    mosquitto.stop()  # it keeps session and message on its disk
    mosquitto.start()
    mosquitto.publish("one/p/c/B")
    ingesting()
    wait_received(stream, 2)
    assert stored() == [("c", "A"), ("c", "B")]


def test_a_broker_that_is_away_is_told_in_words_and_used_as_soon_as_it_is_back(ingesting, mosquitto, row):
    stream = add(row, "one", "one")
    ingesting()
    mosquitto.stop()
    told(row, "failed")
    told(row, "failed", f"Nobody listens at 127.0.0.1:{mosquitto.port}.")
    assert Broker.objects.get().last_error_code == "nobody-listens"
    mosquitto.start()
    told(row, "connected")
    mosquitto.publish("one/p/c/A")
    wait_received(stream, 1)
    assert row.state_since is not None


def test_a_broker_that_forgot_our_session_is_told(ingesting, mosquitto, row, tmp_path):
    stream = add(row, "one", "one")
    ingesting()
    mosquitto.publish("one/p/c/A")
    wait_received(stream, 1)
    assert Delivered.objects.exists()
    mosquitto.stop(signal.SIGKILL)
    (tmp_path / "mosquitto.db").unlink(missing_ok=True)
    mosquitto.start()
    told(row, "connected", "lost our session")
    mosquitto.publish("one/p/c/A")
    assert wait_received(stream, 2)["stored"] == 2


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_a_wrong_password_is_told_and_a_mended_one_used_at_once(ingesting, tmp_path, transactional_db, protocol):
    passwords = tmp_path / "passwords"
    subprocess.run([needs("mosquitto_passwd"), "-b", "-c", str(passwords), "ann", "right"], check=True)
    passwords.chmod(0o644)
    mosquitto = Mosquitto(tmp_path, f"password_file {passwords}")
    mosquitto.start()
    try:
        row = Broker.objects.create(
            name="own",
            host="127.0.0.1",
            port=mosquitto.port,
            username="ann",
            password="wrong",
            protocol=protocol,
        )
        stream = add(row, "one", "one")
        ingesting(wait=False)
        told(row, "failed", "The broker refused the user name or password.")
        assert try_connection(row, 5) == "The broker refused the user name or password."
        row.password = "right"
        row.save()
        wait_for(lambda: subscribed(stream), 3, "the connection with the mended password")
        row.refresh_from_db()  # the column holds the encrypted password
        assert try_connection(row, 5) is None
        mosquitto.publish("one/p/c/A", "{}", "-u", "ann", "-P", "right")
        wait_received(stream, 1)
    finally:
        mosquitto.stop()


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Key and self-signed certificate of 127.0.0.1."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    make = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    command = [needs("openssl"), *make.split(), "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    for file in (key, cert):
        file.chmod(0o644)
    return key, cert


@pytest.mark.filterwarnings("ignore:.*unclosed <ssl.SSLSocket")  # paho leaves it to the garbage collector
def test_tls_is_used_and_an_unknown_certificate_refused_in_words(tmp_path, transactional_db):
    key, cert = make_certificate(tmp_path)
    mosquitto = Mosquitto(tmp_path, f"allow_anonymous true\ncertfile {cert}\nkeyfile {key}")
    mosquitto.start()
    try:
        row = Broker(name="tls", host="127.0.0.1", port=mosquitto.port, tls=True, ca=cert.read_text())
        assert try_connection(row, 5) is None
        row.ca = ""
        assert "is not trusted" in (try_connection(row, 5) or "")
        row.ca = "no certificate"
        assert "CA certificate cannot be read" in (try_connection(row, 5) or "")
        row.tls = False
        assert "is it MQTT, with or without TLS?" in (try_connection(row, 5) or "")
    finally:
        mosquitto.stop()


def test_a_connection_that_cannot_be_is_explained(transactional_db, tmp_path):
    port = free_port()
    row = Broker(name="b", host="127.0.0.1", port=port)
    assert try_connection(row, 5) == f"Nobody listens at 127.0.0.1:{port}."
    row.host = "no.such.host.invalid"
    assert try_connection(row, 5) == "No host is called no.such.host.invalid."
    row.password = "gAAAA of another key"
    assert "enter it again" in (try_connection(row, 5) or "")


@pytest.mark.parametrize("url", ["http://h:1", "mqtt://", "mqtt://h:x", "nonsense", "mqtt://h:99999"])
def test_a_url_that_is_no_brokers_is_refused(url):
    with pytest.raises(BrokerError, match="expected mqtt://"):
        Address.from_url(url)


def test_a_url_is_read():
    address = Address.from_url("mqtts://ann:s%40cret@broker.example")
    assert (str(address), address.tls, address.username, address.password) == (
        "broker.example:8883",
        True,
        "ann",
        "s@cret",
    )
    assert "s@cret" not in repr(address)


# --- The database fails -----------------------------------------------------------------


def test_a_batch_that_the_database_does_not_take_is_kept_and_stored_later(ingesting, mosquitto, row):
    stream = add(row, "one", "one")
    ingesting()
    rename("streams_event", "away")
    try:
        mosquitto.publish("one/p/c/A")
        told(row, "failed", "The database does not take events")
    finally:
        rename("away", "streams_event")
    wait_received(stream, 1)
    told(row, "connected")
    assert stored() == [("c", "A")]


def rename(table: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {name}")


# --- Ownership, one run -----------------------------------------------------------------


def test_once_takes_what_waits_and_ends(mosquitto, row, capsys):
    stream = add(row, "one", "one")
    call_command("ingest", once=True)
    mosquitto.publish("one/p/c/A")
    mosquitto.publish("one/p/c/B")
    call_command("ingest", once=True)
    assert counts(stream)["stored"] == 2
    mosquitto.stop()
    with pytest.raises(CommandError, match="own: Nobody listens"):
        call_command("ingest", once=True)


def test_a_broker_that_another_process_owns_is_left_to_it(mosquitto, row):
    add(row, "one", "one")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO foundation_lease (name, owner, fence, expires_at) VALUES (%s, %s, 7, %s)",
            [f"broker:{row.pk}", "elsewhere:1/1", timezone.now() + timedelta(seconds=15)],
        )
    assert Ingest().drain() == ["own: Another process takes its messages."]
    row.refresh_from_db()
    assert row.subscribed == {}


def test_our_client_id_names_installation_and_broker(row, settings):
    assert client_id(row.pk) == f"procmine-{settings.INSTALLATION}-{row.pk}"
