"""Sending logs on, through the API."""

from typing import Any

from rest_framework.test import APIClient

from streams.models import Broker, EventLog, Republish


def test_a_log_is_sent_on_and_no_more(api: APIClient, log: EventLog, mqtt: Broker) -> None:
    body: dict[str, Any] = {"log": log.slug, "broker": mqtt.pk, "topic": "out/orders"}
    made = api.post("/api/v1/republish/", body)
    assert (made.status_code, made.json()["seq"], made.json()["enabled"]) == (201, 0, True)
    again = api.post("/api/v1/republish/", body)
    assert (again.status_code, again.json()["type"]) == (400, "/problems/validation")
    url = f"/api/v1/republish/{made.json()['id']}/"
    assert api.patch(url, {"topic": "out/#"}).json()["errors"][0]["pointer"] == "/topic"
    assert api.delete(f"/api/v1/brokers/{mqtt.pk}/").status_code == 409
    assert [row["topic"] for row in api.get("/api/v1/republish/?log=" + log.slug).json()["results"]] == ["out/orders"]
    assert api.delete(url).status_code == 204
    assert not Republish.objects.exists()


def test_nobody_sends_on_a_log_that_they_may_not_read(user_who: Any, log: EventLog, mqtt: Broker) -> None:
    client = APIClient()
    client.force_login(user_who("add_republish", "view_republish"))
    answer = client.post("/api/v1/republish/", {"log": log.slug, "broker": mqtt.pk, "topic": "out"})
    assert answer.status_code == 400
    assert not Republish.objects.exists()
    Republish.objects.create(log=log, broker=mqtt, topic="out")
    assert client.get("/api/v1/republish/").json()["results"] == []


def test_brokers_of_other_kinds_are_registered(api: APIClient) -> None:
    made = api.post("/api/v1/brokers/", {"name": "r", "kind": "redis", "host": "127.0.0.1", "port": 1, "database": 3})
    assert (made.status_code, made.json()["database"], made.json()["backlog"]) == (201, 3, None)
    stream = {"slug": "s", "name": "s", "broker": made.json()["id"], "topic": "orders", "options": {"partitions": 4}}
    assert api.post("/api/v1/streams/", stream).status_code == 201
    kind = api.patch(f"/api/v1/brokers/{made.json()['id']}/", {"kind": "kafka"})
    assert (kind.status_code, kind.json()["errors"][0]["pointer"]) == (400, "/kind")
