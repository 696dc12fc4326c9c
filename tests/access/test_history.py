"""Who changed what: every change that a person makes is kept, no secret is, and nothing that processes write."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.tokens import create_token
from models_mining.models import MinedModel
from streams.events.store import open_log
from streams.models import Broker, EventLog, Stream, plus

PASSWORD = "hunter2 is no password"


@pytest.fixture
def api(db: None) -> APIClient:
    client = APIClient()
    client.force_login(User.objects.create_superuser("owner"))
    LogEntry.objects.all().delete()
    return client


@pytest.fixture
def broker(api: APIClient) -> str:
    made = api.post("/api/v1/brokers/", {"name": "plant", "host": "127.0.0.1", "password": PASSWORD})
    return f"/api/v1/brokers/{made.json()['id']}/"


def history(api: APIClient, **filters: str) -> list[dict[str, Any]]:
    answer = api.get("/api/v1/history/", filters)
    assert answer.status_code == 200, answer.content
    rows: list[dict[str, Any]] = answer.json()["results"]
    return rows


def test_a_change_tells_who_what_and_when(api: APIClient, broker: str) -> None:
    assert api.patch(broker, {"port": 1884, "host": "127.0.0.2"}, REMOTE_ADDR="198.51.100.7").status_code == 200
    changed, created = history(api, kind="broker")
    assert (created["action"], created["changes"]["name"]) == ("created", {"before": None, "after": "plant"})
    assert (changed["action"], changed["by"], changed["token"]) == ("changed", "owner", None)
    assert (changed["name"], changed["address"]) == ("plant", "198.51.100.7")
    assert changed["changes"]["port"] == {"before": 1883, "after": 1884}
    api.delete(broker)
    assert history(api)[0]["action"] == "deleted"


def test_a_password_that_changes_is_told_but_not_what_it_is(api: APIClient, broker: str) -> None:
    stored = {Broker.objects.get().password}
    api.patch(broker, {"password": "another"})
    stored.add(Broker.objects.get().password)
    api.patch(broker, {"password": ""})
    told = [row["changes"]["password"] for row in history(api)]
    hidden = "(hidden)"
    assert [(one["before"], one["after"]) for one in told] == [(hidden, ""), (hidden, hidden), ("", hidden)]
    kept = "".join(str(value) for row in LogEntry.objects.values_list() for value in row)
    assert not [secret for secret in (PASSWORD, "another", *stored) if secret in kept]


def test_a_change_by_token_tells_which(api: APIClient) -> None:
    token, text = create_token(User.objects.get(), ["control"], days=3)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {text}")
    client.post("/api/v1/logs/", {"slug": "a", "name": "A"})
    log, model, made = history(api)[1], history(api)[0], history(api)[2]
    assert (log["kind"], log["by"], log["token"]) == ("log", "owner", token.name)
    assert (model["kind"], made["kind"], made["object"], made["by"]) == ("model", "token", token.name, None)
    kept = "".join(str(value) for row in LogEntry.objects.values_list() for value in row)
    assert token.digest not in kept
    assert text[-20:] not in kept
    token.delete()
    assert history(api, kind="token", object=token.name)[0]["action"] == "deleted"


def test_what_processes_write_is_no_change(api: APIClient, broker: str) -> None:
    log = open_log("orders")
    row = Broker.objects.get()
    stream = Stream.objects.create(slug="line-1", name="Line 1", broker=row, topic="a")
    before = LogEntry.objects.count()
    assert [change["by"] for change in history(api, kind="log")] == [None]
    Stream.objects.filter(pk=stream.pk).update(**plus(received=3, stored=3))
    MinedModel.objects.filter(log=log).update(version=2, seq=3)
    stream.received, log.stored, row.last_error = 3, 3, "lost"
    stream.save()
    log.save(update_fields=["stored"])
    row.save()
    assert LogEntry.objects.count() == before
    api.post("/api/v1/logs/orders/archive/")
    assert history(api, kind="log")[0]["changes"].keys() == {"archived_at"}


def test_permissions_and_users_have_a_history_too(api: APIClient) -> None:
    anna = User.objects.create_user("anna", password=PASSWORD)
    EventLog.objects.create(slug="a", name="A")
    api.post("/api/v1/logs/a/grants/", {"user": "anna", "actions": ["view"]})
    anna.groups.add(1)
    assert history(api, kind="grant")[0]["changes"]["can_view"]["after"] is True
    changed, created = history(api, kind="user")
    assert list(changed["changes"]["groups"]) == ["added"]
    assert created["changes"]["password"]["after"] == "(hidden)"
    api.force_login(anna)
    api.force_login(User.objects.get(username="owner"))
    assert len(history(api, kind="user")) == 2  # a sign-in is no change


def test_the_history_is_filtered(api: APIClient, broker: str) -> None:
    stream = {"slug": "line-1", "name": "Line 1", "broker": int(broker.split("/")[-2]), "topic": "a"}
    api.post("/api/v1/streams/", stream)
    now = timezone.now()
    assert [row["kind"] for row in history(api, object="line-1")] == ["stream"]
    assert [row["kind"] for row in history(api, name="plant")] == ["broker"]
    assert len(history(api, by="owner", action="created")) == 2
    assert not history(api, by="nobody")
    assert not history(api, at_after=(now + timedelta(minutes=1)).isoformat())
    for wrong in ({"kind": "event"}, {"action": "x"}, {"at_after": "x"}, {"who": "owner"}):
        assert api.get("/api/v1/history/", wrong).status_code == 400, wrong


def texts(api: APIClient) -> Iterator[str]:
    for row in LogEntry.objects.all():
        yield api.get(f"/admin/auditlog/logentry/{row.pk}/change/").content.decode()
    yield api.get("/admin/auditlog/logentry/").content.decode()


def test_the_admin_shows_it_and_lets_nobody_change_it(api: APIClient, broker: str) -> None:
    api.patch(broker, {"port": 1884})
    shown = list(texts(api))
    assert "1884" in shown[0]
    assert not [text for text in shown if PASSWORD in text]
    url = f"/admin/auditlog/logentry/{LogEntry.objects.latest().pk}"
    assert api.post(f"{url}/change/", {}, format="multipart").status_code == 403
    assert api.post(f"{url}/delete/", {"post": "yes"}, format="multipart").status_code == 403
