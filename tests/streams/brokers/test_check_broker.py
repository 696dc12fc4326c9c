"""`manage.py check_broker`: brokers whose faults it has to find, and those that are as they should be."""

import re
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
import redis
from django.core.management import CommandError, call_command

from streams.brokers.base import client_id
from streams.brokers.findings import Finding
from streams.brokers.mqtt import Address, check
from streams.brokers.mqtt.check import PUBLISHED
from streams.brokers.registry import check_broker
from streams.models import Broker, Event, Stream
from tests.conftest import free_port, listening, needs, wait_for
from tests.streams.conftest import wait_received
from tests.streams.recording.test_connection import Mosquitto
from tests.streams.recording.test_health import embedded

__all__ = ["embedded"]

pytestmark = pytest.mark.django_db(transaction=True)


def by_about(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.about: finding for finding in findings}


def levels(findings: list[Finding]) -> dict[str, str]:
    return {finding.about: finding.level for finding in findings}


@pytest.fixture
def defaults(tmp_path: Path, transactional_db: None) -> Iterator[Broker]:
    """A Mosquitto as it comes."""
    port = free_port()
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nsys_interval 1\n")
    process = subprocess.Popen([needs("mosquitto"), "-c", str(config)], stderr=subprocess.DEVNULL)
    wait_for(lambda: listening(port), 5, "mosquitto")
    yield Broker.objects.create(name="as it comes", host="127.0.0.1", port=port)
    process.terminate()
    process.wait(5)


@pytest.fixture
def advised(tmp_path: Path, transactional_db: None) -> Iterator[tuple[Mosquitto, Broker]]:
    mosquitto = Mosquitto(tmp_path)
    mosquitto.start()
    yield mosquitto, Broker.objects.create(name="advised", host="127.0.0.1", port=mosquitto.port)
    mosquitto.stop()


def run(*words: str) -> str:
    out = StringIO()
    call_command("check_broker", *words, stdout=out, no_color=True)
    return out.getvalue()


def test_a_mosquitto_as_it_comes_is_found_to_drop_messages(defaults):
    findings = by_about(check_broker(defaults))
    assert findings["queue"].level == "warning"
    match = re.search(rf"Of {PUBLISHED} messages .* only (\d+) came", findings["queue"].detail)
    assert match is not None
    assert 1000 <= int(match[1]) < PUBLISHED
    assert "max_queued_messages 0" in findings["queue"].advice
    assert findings["under way"].level == "warning"
    assert findings["redelivery"].level == "ok"
    assert findings["persistence"].level == "unknown"
    out = StringIO()
    with pytest.raises(CommandError, match="warnings"):
        call_command("check_broker", "as it comes", stdout=out, no_color=True)
    assert f"Of {PUBLISHED} messages" in out.getvalue()
    wait_for(lambda: levels(check_broker(defaults, quick=True))["dropped"] == "warning", what="what it dropped")


def test_a_mosquitto_with_our_settings_has_nothing_to_be_warned_of(advised):
    told = run("advised")
    assert "warning" not in told
    for line in ("queue: All", "redelivery: What it delivers again keeps", "limits: QoS up to 2", "dropped: mosquitto"):
        assert line in told


def test_a_check_leaves_nothing_behind_and_does_not_disturb_what_is_recorded(advised, ingesting):
    mosquitto, row = advised
    stream = Stream.objects.create(slug="s", name="s", broker=row, topic="s")
    ingesting()
    mosquitto.publish("s/p/c/A")
    wait_received(stream, 1)
    check_broker(row)
    mosquitto.publish("s/p/c/B")
    assert wait_received(stream, 2)["stored"] == 2
    assert Event.objects.count() == 2
    row.refresh_from_db()
    assert (row.state, row.reconnects, row.last_error) == ("connected", 0, "")
    mosquitto.stop()  # it writes its sessions to disk
    kept = (mosquitto.config.parent / "mosquitto.db").read_bytes()
    assert client_id(row.pk).encode() in kept
    assert b"-check-" not in kept
    assert b"procmine/check/" not in kept


def test_a_user_who_may_not_use_the_topic_of_the_check_is_told_so(tmp_path, transactional_db, monkeypatch):
    monkeypatch.setattr(check, "_ANSWER_S", 1.0)
    rules = tmp_path / "rules"
    rules.write_text("topic readwrite plant/#\n")
    mosquitto = Mosquitto(tmp_path, f"allow_anonymous true\nacl_file {rules}")
    mosquitto.start()
    try:
        row = Broker.objects.create(name="strict", host="127.0.0.1", port=mosquitto.port)
        findings = by_about(check_broker(row))
    finally:
        mosquitto.stop()
    assert findings["queue"].level == "unknown"
    assert "procmine/check/#" in findings["queue"].advice


def test_the_embedded_broker_keeps_what_waits_but_its_redeliveries_are_not_known_again(embedded):
    found = levels(check_broker(Broker.objects.get()))
    assert (found["queue"], found["redelivery"]) == ("ok", "warning")


def test_a_broker_that_cannot_be_reached_or_named_is_told_in_words(transactional_db):
    with pytest.raises(CommandError, match="There is no broker"):
        run()
    row = Broker.objects.create(name="away", host="127.0.0.1", port=free_port())
    assert "Nobody listens" in by_about(check_broker(row))["connection"].detail
    with pytest.raises(CommandError, match="No broker is called home; there are: away"):
        run("home")
    with pytest.raises(CommandError, match="1 warning"):
        run("away", "--quick")


def test_a_redis_that_may_evict_or_forget_is_found(redis_url, transactional_db):
    address = Address.from_url(redis_url.replace("redis", "mqtt"))
    row = Broker.objects.create(name="r", kind="redis", host=address.host, port=address.port)
    found = levels(check_broker(row))
    assert (found["connection"], found["memory"], found["persistence"]) == ("ok", "ok", "warning")
    client = redis.Redis.from_url(redis_url)
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.config_set("appendonly", "yes")
    found = levels(check_broker(row))
    client.config_set("appendonly", "no")  # else its end waits for the file
    client.close()
    assert (found["memory"], found["persistence"]) == ("warning", "ok")
