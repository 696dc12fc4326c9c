"""Brokers, streams, logs and models through the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from foundation.processes import hints
from models_mining.mined_models.pictures import next_picture
from models_mining.models import LogState, MinedModel
from streams.models import Broker, Event, EventLog, Rejection, Stream
from tests.clients import EVENT
from tests.conftest import free_port, wait_for

BROKER = {"name": "plant", "host": "127.0.0.1", "port": 1883, "password": "hunter2 x"}


def test_a_broker_is_made_changed_and_removed(api: APIClient) -> None:
    made = api.post("/api/v1/brokers/", BROKER)
    assert made.status_code == 201
    body = made.json()
    assert "password" not in body
    assert (body["has_password"], body["state"], body["protocol"]) == (True, "stopped", "3.1.1")
    assert Broker.objects.get().secret == "hunter2 x"
    url = f"/api/v1/brokers/{body['id']}/"
    assert api.patch(url, {"username": "me"}).json()["has_password"]
    assert api.put(url, {"name": "plant", "host": "127.0.0.1", "port": 1883}).json()["has_password"]
    assert not api.patch(url, {"password": ""}).json()["has_password"]
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404


@pytest.mark.parametrize("moved", [{"host": "127.0.0.2"}, {"port": 1884}, {"tls": True}])
def test_a_broker_that_moves_forgets_its_password(api: APIClient, moved: dict[str, Any]) -> None:
    url = f"/api/v1/brokers/{api.post('/api/v1/brokers/', BROKER).json()['id']}/"
    assert not api.patch(url, moved).json()["has_password"]
    assert api.patch(url, {"password": "hunter2 x"}).json()["has_password"]
    assert api.patch(url, {"host": "127.0.0.9", "password": "another"}).json()["has_password"]


def test_a_password_that_looks_encrypted_is_encrypted_like_any_other(api: APIClient) -> None:
    api.post("/api/v1/brokers/", {**BROKER, "password": "gAAAA"})
    broker = Broker.objects.get()
    assert (broker.secret, broker.password == "gAAAA") == ("gAAAA", False)


def test_a_broker_with_streams_stays(api: APIClient, stream: Stream) -> None:
    answer = api.delete(f"/api/v1/brokers/{stream.broker_id}/")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")


def test_a_connection_is_tried_and_told_in_words(api: APIClient, broker: str, mqtt: Broker) -> None:
    url = f"/api/v1/brokers/{mqtt.pk}/"
    api.patch(url, {"port": int(broker.rpartition(":")[2])})
    assert api.post(f"{url}test/").json() == {"ok": True, "problem": None}
    api.patch(url, {"port": free_port()})
    body = api.post(f"{url}test/").json()
    assert body["ok"] is False
    assert body["problem"]
    body = api.post(f"{url}check/", {"quick": True}).json()
    assert body["ok"] is False
    assert [finding["level"] for finding in body["findings"]] == ["warning", "unknown"]
    assert api.post(f"{url}check/", {"quick": "perhaps"}).status_code == 400


def test_a_stream_is_registered_stopped_and_started(api: APIClient, mqtt: Broker, log: EventLog) -> None:
    given = {"slug": "line-1", "name": "Line 1", "broker": mqtt.pk, "topic": "line1", "log": "factory"}
    made = api.post("/api/v1/streams/", given)
    assert made.status_code == 201
    assert {name: made.json()[name] for name in given} == given
    assert set(made.json()["counts"].values()) == {0}
    assert api.get("/api/v1/logs/factory/").json()["streams"] == ["line-1"]
    assert api.post("/api/v1/streams/line-1/stop/").json()["enabled"] is False
    assert api.post("/api/v1/streams/line-1/start/").json()["enabled"] is True
    assert api.patch("/api/v1/streams/line-1/", {"log": None}).json()["log"] is None


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"topic": "line1/#"}, "/topic"),  # overlaps
        ({"topic": "a/#/b"}, "/topic"),
        ({"mapping": {"case": "/c"}}, "/mapping"),
        ({"mapping": [1]}, "/mapping"),
        ({"options": {"escape": "percent"}}, "/options"),
        ({"format": "json"}, "/log"),
        ({"format": "xml"}, "/format"),
        ({"log": "nowhere"}, "/log"),
        ({"qos": 3}, "/qos"),
    ],
)
def test_a_stream_that_makes_no_sense_is_refused(
    api: APIClient, stream: Stream, wrong: dict[str, Any], pointer: str
) -> None:
    given = {"slug": "line-2", "name": "Line 2", "broker": stream.broker_id, "topic": "line2", **wrong}
    answer = api.post("/api/v1/streams/", given)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    changed = api.post("/api/v1/streams/", {**given, "topic": "line2", "slug": "line-3"} | {"enabled": False} | wrong)
    assert changed.status_code == (201 if wrong == {"topic": "line1/#"} else 400)  # a stopped one overlaps nothing


def test_a_stream_cannot_start_over_another(api: APIClient, stream: Stream) -> None:
    given = {"slug": "all", "name": "All", "broker": stream.broker_id, "topic": "line1", "enabled": False}
    assert api.post("/api/v1/streams/", given).status_code == 201
    answer = api.post("/api/v1/streams/all/start/")
    assert answer.status_code == 400
    assert "overlaps line1/# of stream line-1" in answer.json()["detail"]


def test_a_stream_that_recorded_is_archived(api: APIClient, stream: Stream) -> None:
    Stream.objects.update(received=1)
    assert api.delete("/api/v1/streams/line-1/").status_code == 204
    assert api.get("/api/v1/streams/").json()["results"] == []
    row = api.get("/api/v1/streams/?archived=true").json()["results"][0]
    assert (row["slug"], row["enabled"], row["archived_at"] is not None) == ("line-1", False, True)
    assert api.post("/api/v1/streams/line-1/start/").status_code == 409
    assert api.patch("/api/v1/streams/line-1/", {"name": "x"}).status_code == 409
    assert api.delete("/api/v1/streams/line-1/").status_code == 204


def test_a_stream_that_recorded_nothing_is_deleted(api: APIClient, stream: Stream) -> None:
    assert api.delete("/api/v1/streams/line-1/").status_code == 204
    assert not Stream.objects.exists()


def test_health_and_refused_messages_are_shown(api: APIClient, stream: Stream) -> None:
    Stream.objects.update(received=3, stored=2, rejected=1)
    failed = {"state": "failed", "last_error": "Nobody listens at plant:1883.", "last_error_code": "nobody-listens"}
    Broker.objects.update(**failed, seen_at=timezone.now())
    for reason in ("not_json", "bad_time"):
        Rejection.objects.create(
            stream=stream, received_at=timezone.now(), topic="line1/x", payload=b"\xff{", reason=reason, detail="No."
        )
    health = api.get("/api/v1/streams/line-1/health/").json()
    assert [health[name] for name in ("received", "stored", "rejected", "state", "last_error")] == [
        *(3, 2, 1, "failed", "Nobody listens at plant:1883.")
    ]
    assert health["advice"].startswith("Start the broker")
    assert health["reasons"] == {"bad_time": 1, "not_json": 1}
    url = "/api/v1/streams/line-1/rejections/"
    rows = api.get(url).json()["results"]
    assert [(row["reason"], row["payload"]) for row in rows] == [("bad_time", "\\xff{"), ("not_json", "\\xff{")]
    assert [row["reason"] for row in api.get(f"{url}?reason=not_json").json()["results"]] == ["not_json"]
    assert api.get("/api/v1/streams/nowhere/rejections/").status_code == 404


def test_a_connection_whose_ingester_was_killed_is_not_called_connected(api: APIClient, mqtt: Broker) -> None:
    Broker.objects.update(state="connected", seen_at=timezone.now())
    assert api.get(f"/api/v1/brokers/{mqtt.pk}/").json()["state"] == "connected"
    for jump_s in (-11, 3600):  # of silence; and after a clock was set back
        Broker.objects.update(seen_at=timezone.now() + timedelta(seconds=jump_s))
        told = api.get(f"/api/v1/brokers/{mqtt.pk}/").json()
        assert (told["state"], told["lag_s"] >= 11) == ("stalled", jump_s < 0)
        assert "See whether ingest runs" in told["advice"]


def test_lists_come_in_pages(api: APIClient, mqtt: Broker) -> None:
    for name in "abc":
        EventLog.objects.create(slug=name, name=name.upper())
    first = api.get("/api/v1/logs/?page_size=2&ordering=-slug").json()
    assert set(first) == {"next", "previous", "results"}
    assert [row["slug"] for row in first["results"]] == ["c", "b"]
    second = api.get(first["next"]).json()
    assert ([row["slug"] for row in second["results"]], second["next"]) == (["a"], None)
    assert [row["slug"] for row in api.get("/api/v1/logs/?name=B").json()["results"]] == ["b"]


def test_a_log_tells_what_is_in_it(api: APIClient) -> None:
    made = api.post("/api/v1/logs/", {"slug": "factory", "name": "Factory", "end_activities": ["Ship"]})
    assert (made.status_code, made.json()["cases"], made.json()["open_cases"]) == (201, 0, 0)
    api.post("/api/v1/logs/factory/events/", [EVENT, {"case": "c", "activity": "A", "at": "2025-01-01T00:00:00+01:00"}])
    log = EventLog.objects.get()
    LogState.objects.create(log=log, epoch="e", seq=2, cases=2, open_cases=1, saved_at=timezone.now())
    body = api.get("/api/v1/logs/factory/").json()
    assert [body[name] for name in ("last_seq", "cases", "open_cases", "first_at", "last_at", "streams")] == [
        *(2, 2, 1, "2024-12-31T23:00:00Z", "2026-01-02T10:00:00Z", [])
    ]
    assert body["last_received_at"].endswith("Z")
    assert api.patch("/api/v1/logs/factory/", {"last_seq": 99, "idle_close_s": 60}).json()["last_seq"] == 2
    assert api.patch("/api/v1/logs/factory/", {"end_activities": [1]}).status_code == 400


def test_a_log_with_events_is_not_deleted(api: APIClient, log: EventLog, stream: Stream) -> None:
    api.post("/api/v1/logs/factory/events/", EVENT)
    assert api.delete("/api/v1/logs/factory/").status_code == 409
    EventLog.objects.create(slug="fed", name="Fed")
    api.patch("/api/v1/streams/line-1/", {"log": "fed"})
    assert api.delete("/api/v1/logs/fed/").status_code == 409
    EventLog.objects.create(slug="empty", name="Empty")
    assert api.delete("/api/v1/logs/empty/").status_code == 204
    assert Event.objects.count() == 1


def test_every_log_has_a_model_from_its_first_moment(api: APIClient, log: EventLog) -> None:
    rows = api.get("/api/v1/models/?log=factory").json()["results"]
    assert [(row["algorithm"], row["parameters"], row["cases"], row["version"]) for row in rows] == [
        ("dfg", {}, "all", 0)
    ]
    EventLog.objects.get().save()
    assert MinedModel.objects.count() == 1


def test_a_model_is_made_changed_and_removed(api: APIClient, log: EventLog) -> None:
    made = api.post("/api/v1/models/", {"log": "factory", "algorithm": "dfg", "cases": "closed"})
    assert made.status_code == 201
    url = f"/api/v1/models/{made.json()['id']}/"
    assert api.patch(url, {"cases": "all"}).json()["cases"] == "all"
    assert api.delete(url).status_code == 204


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"algorithm": "guess"}, "/algorithm"),
        ({"parameters": {"colour": 1}}, "/parameters"),
        ({"parameters": [1]}, "/parameters"),
        ({"cases": "some"}, "/cases"),
        ({"algorithm": "lossy-dfg", "cases": "closed"}, "/cases"),
        ({"log": "nowhere"}, "/log"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(
    api: APIClient, log: EventLog, wrong: dict[str, Any], pointer: str
) -> None:
    answer = api.post("/api/v1/models/", {"log": "factory", **wrong})
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_the_algorithms_are_told_with_their_parameters(api: APIClient) -> None:
    rows = {row["name"]: row for row in api.get("/api/v1/algorithms/").json()["results"]}
    assert rows["dfg"]["cost"] == "live"
    assert rows["dfg"]["exact"] is True
    assert rows["dfg"]["source"]
    assert rows["dfg"]["parameters"] == []


def paint(model: MinedModel, version: int, n: int) -> None:
    node = {"id": 1, "label": "A", "n": n, "starts": 1, "ends": 1, "open": 0}
    model.refresh_from_db()
    model.picture = next_picture(
        model.picture,
        {"kind": "graph", "nodes": [node, {**node, "id": 2, "n": 5}], "edges": []},
        epoch="k3f",
        version=version,
        seq=n,
        at="2026-01-01T00:00Z",
    )
    model.epoch, model.version, model.seq = "k3f", version, n
    model.save()


def test_a_picture_is_read_whole_as_a_delta_or_not_at_all(api: APIClient, log: EventLog) -> None:
    model = log.models.get()
    url = f"/api/v1/models/{model.pk}/picture/"
    empty = api.get(url)
    assert (empty.status_code, empty.json()["version"], empty.json()["nodes"]) == (200, 0, [])
    paint(model, 1, n=1)
    assert api.get(url, HTTP_IF_NONE_MATCH=empty["ETag"]).status_code == 200
    paint(model, 2, n=7)
    whole = api.get(url)
    assert whole["ETag"] == '"k3f:2"'
    assert [node["n"] for node in whole.json()["nodes"]] == [7, 5]
    same = api.get(url, HTTP_IF_NONE_MATCH='"other", W/"k3f:2"')
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", '"k3f:2"')
    delta = api.get(f"{url}?since=1").json()
    assert (delta["from"], delta["version"], [node["id"] for node in delta["nodes"]]) == (1, 2, [1])
    assert "from" not in api.get(f"{url}?since=99").json()
    for wrong in ("since=x", "since=-1", "as_of=1"):
        assert api.get(f"{url}?{wrong}").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_a_change_of_the_setup_is_told_at_once_and_a_counter_is_not(api: APIClient) -> None:
    with hints.Listener(hints.SETUP) as heard:

        def told() -> bool:
            return (hints.SETUP, 0) in heard.wait(0.1)

        def quiet() -> None:
            while heard.wait(0.1):
                pass

        def tell_and_hear(change: Any) -> None:
            # a sender looks for new readers once a second
            wait_for(lambda: (change(), told())[1], timeout_s=5, what="the hint")
            quiet()

        made = api.post("/api/v1/brokers/", BROKER).json()
        tell_and_hear(lambda: api.patch(f"/api/v1/brokers/{made['id']}/", {"username": "a"}))
        given = {"slug": "line-1", "name": "Line 1", "broker": made["id"], "topic": "line1"}
        api.post("/api/v1/streams/", given)
        assert told()
        api.post("/api/v1/streams/line-1/stop/")
        assert told()
        api.post("/api/v1/logs/", {"slug": "factory", "name": "Factory"})
        assert told()
        quiet()
        api.post("/api/v1/logs/factory/events/", EVENT)
        Broker.objects.get().save(update_fields=["state"])
        assert not told()
        api.post("/api/v1/models/", {"log": "factory", "cases": "closed"})
        assert told()
        api.delete("/api/v1/streams/line-1/")
        assert told()
