"""/metrics for a Prometheus, and logs for a collector."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from accounts.tokens import create_token
from streams.events.store import NewEvent, store_events
from streams.models import Broker, EventLog, Stream
from tests.procmine.conftest import ROOT

pytestmark = pytest.mark.django_db


def scraped(client: Client, user: User, *logs: EventLog) -> dict[tuple[str, ...], float]:
    _, text = create_token(user, ["read"], logs)
    answer = client.get("/metrics", headers={"authorization": f"Token {text}", "accept": "text/plain;version=0.0.4"})
    assert answer.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss")


def test_a_prometheus_is_told_what_the_tables_count(client: Client, boss: User) -> None:
    broker = Broker.objects.create(name='pla"nt', host="127.0.0.1", state="connected")  # whose ingester is gone
    log = EventLog.objects.create(slug="orders", name="Orders")
    Stream.objects.create(slug="s", name="s", broker=broker, topic="a", received=7, stored=4, rejected=3)
    at = datetime(2026, 1, 2, tzinfo=UTC)
    store_events([NewEvent(log.pk, "c", "pay", at, at)] * 2)
    told = scraped(client, boss)
    assert told["procmine_stream_received_total", "s"] == 7
    assert told["procmine_stream_messages_total", "stored", "s"] == 4
    assert told["procmine_stream_messages_total", "rejected", "s"] == 3
    assert told["procmine_broker_up", 'pla"nt'] == 0
    assert told["procmine_log_events_total", "orders"] == 2
    assert told["procmine_log_mining_lag_events", "orders"] == 2
    assert told["procmine_log_last_received_timestamp_seconds", "orders"] == at.timestamp()
    assert told["procmine_leases", "mine"] == 0
    assert told["process_resident_memory_bytes",] > 0


def test_requests_are_counted_by_method_and_class_of_status(client: Client, boss: User) -> None:
    before = scraped(client, boss).get(("procmine_http_requests_total", "other", "4xx"), 0)
    client.generic("BREW", "/api/v1/logs/")
    client.generic("WHEN", "/api/v1/logs/")
    assert scraped(client, boss)["procmine_http_requests_total", "other", "4xx"] == before + 2


def test_only_who_may_see_everything_is_told(client: Client, boss: User) -> None:
    log = EventLog.objects.create(slug="orders", name="Orders")
    viewer = User.objects.create_user("viewer")
    viewer.user_permissions.add(Permission.objects.get(codename="view_eventlog"))
    assert client.get("/metrics").status_code == 401
    for user, scopes, logs in ((viewer, ["read"], []), (boss, ["ingest"], []), (boss, ["read"], [log])):
        _, text = create_token(user, scopes, logs)
        answer = client.get("/metrics", headers={"authorization": f"Token {text}"})
        assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")


def test_a_log_line_can_be_json() -> None:
    program = "import logging; logging.getLogger('streams').warning('a %s', 'lot', extra={'broker': 3})"
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", program],
        cwd=ROOT,
        env=os.environ | {"PROCMINE_LOG_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=True,
    )
    line = json.loads(done.stderr.splitlines()[-1])
    assert (line["level"], line["logger"], line["message"], line["broker"]) == ("WARNING", "streams", "a lot", 3)
    assert datetime.fromisoformat(line["at"])
