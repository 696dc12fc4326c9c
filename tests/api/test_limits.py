"""Sending again without doing twice, and asking for too much."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from foundation.http import limits
from foundation.models.stored_answers import StoredAnswer
from models_mining.logs import log_api
from streams.models import Event, EventLog
from tests.clients import EVENT
from tests.conftest import wait_for

EVENTS = "/api/v1/logs/factory/events/"
BATCH = [{"case": "c", "activity": "A"}, {"case": "c", "activity": ""}]


def test_a_request_sent_again_is_answered_as_before_and_stores_nothing(api: APIClient, log: EventLog) -> None:
    first = api.post(EVENTS, BATCH, headers={"Idempotency-Key": "k1"})
    again = api.post(EVENTS, BATCH, headers={"Idempotency-Key": "k1"})
    assert again.status_code == first.status_code == 200
    assert again.json() == first.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Event.objects.count() == 1
    assert api.post(EVENTS, BATCH, headers={"Idempotency-Key": "k2"}).json()["last_seq"] == 2


def test_a_key_stands_for_one_body_query_and_caller(
    api: APIClient, log: EventLog, with_token: Callable[..., APIClient]
) -> None:
    api.post(EVENTS, BATCH, headers={"Idempotency-Key": "k"})
    for path, body in ((EVENTS, BATCH[:1]), (f"{EVENTS}?results=errors", BATCH)):
        refused = api.post(path, body, headers={"Idempotency-Key": "k"})
        assert refused.status_code == 422
        assert refused.json()["type"] == "/problems/key-reused"
    other = with_token("ingest").post(EVENTS, BATCH, headers={"Idempotency-Key": "k"})
    assert (other.status_code, other.json()["last_seq"]) == (200, 2)
    for bad in ("", "k" * 256):
        assert api.post(EVENTS, BATCH, headers={"Idempotency-Key": bad}).status_code == 400


def test_an_error_is_no_answer_so_the_key_may_be_tried_again(api: APIClient, log: EventLog) -> None:
    EventLog.objects.update(archived_at=timezone.now())
    assert api.post(EVENTS, BATCH, headers={"Idempotency-Key": "k"}).status_code == 409
    EventLog.objects.update(archived_at=None)
    answer = api.post(EVENTS, BATCH, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["stored"]) == (200, 1)


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_under_way_the_second_waits(
    api: APIClient, log: EventLog, with_token: Callable[..., APIClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    answers: list[Any] = []

    monkeypatch.setattr(log_api, "take_events", lambda *_: begun.set() or go_on.wait(10))
    sender = with_token("ingest")

    def first() -> None:
        answers.append(sender.post(EVENTS, BATCH, headers={"Idempotency-Key": "k"}))
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    wait_for(begun.is_set)
    row = StoredAnswer.objects.get()
    assert row.answer is None
    go_on.set()
    thread.join(10)
    assert answers[0].json()["stored"] == 1
    StoredAnswer.objects.update(answer=None)
    second = sender.post(EVENTS, BATCH, headers={"Idempotency-Key": "k"})
    assert (second.status_code, second.headers["Retry-After"]) == (409, "1")
    assert Event.objects.count() == 1


def test_what_a_crash_left_half_done_is_taken_over_and_old_answers_go(api: APIClient, log: EventLog) -> None:
    api.post(EVENTS, BATCH, headers={"Idempotency-Key": "k"})
    StoredAnswer.objects.update(answer=None, began_at=timezone.now() - timedelta(seconds=61))
    assert api.post(EVENTS, BATCH, headers={"Idempotency-Key": "k"}).status_code == 200
    StoredAnswer.objects.update(began_at=timezone.now() - timedelta(hours=25))
    api.post(EVENTS, BATCH, headers={"Idempotency-Key": "new"})
    assert StoredAnswer.objects.count() == 1


def test_a_bucket_gives_its_burst_and_then_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    buckets = limits.Buckets()
    assert [buckets.take("k", 5, 10, 20) for _ in range(4)] == [0, 0, 0, 0]
    assert buckets.take("k", 5, 10, 20) == pytest.approx(0.5)
    assert buckets.take("other", 20, 10, 20) == 0
    now += 0.5
    assert buckets.take("k", 5, 10, 20) == 0
    now += 1000
    assert buckets.take("k", 20, 10, 20) == 0
    assert buckets.take("k", 1, 10, 20) == pytest.approx(0.1)


def test_the_bucket_of_all_processes_is_in_redis(
    redis_url: str, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = redis_url
    assert [limits.take("k", 5, 0.01, 10) for _ in range(2)] == [0, 0]
    limits.own.forget()
    assert 490 < limits.take("k", 5, 0.01, 10) <= 500
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert limits.take("k", 5, 0.01, 10) == 0
    assert "each process alone" in caplog.text


def test_too_many_requests_are_told_when_to_come_again(
    api: APIClient, log: EventLog, with_token: Callable[..., APIClient], settings: Any
) -> None:
    settings.LIMIT_READ, settings.LIMIT_CONTROL = 3, 1
    reader = with_token("read", "control")
    assert [reader.get("/api/v1/me/").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = reader.get("/api/v1/logs/")
    assert refused.json()["type"] == "/problems/too-many-requests"
    assert 1 <= int(refused.headers["Retry-After"]) <= 20
    assert with_token("read").get("/api/v1/me/").status_code == 429  # another token of the same user
    assert with_token("read", user=User.objects.create_superuser("other")).get("/api/v1/me/").status_code == 200
    renamed = [reader.patch("/api/v1/logs/factory/", {"name": name}).status_code for name in "ab"]
    assert renamed == [200, 429]


def test_too_many_events_are_refused_whole(
    api: APIClient, log: EventLog, with_token: Callable[..., APIClient], settings: Any
) -> None:
    settings.LIMIT_EVENTS, settings.LIMIT_BURST = 1, 3
    sender = with_token("ingest")
    assert sender.post(EVENTS, [EVENT, EVENT]).status_code == 200
    refused = sender.post(EVENTS, [EVENT, EVENT])
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    assert "Nothing was stored" in refused.json()["detail"]
    EventLog.objects.create(slug="other", name="other")
    assert sender.post("/api/v1/logs/other/events/", [EVENT, EVENT]).status_code == 200
    other = User.objects.create_superuser("other")
    sender = with_token("ingest", user=other)
    assert sender.post(EVENTS, [EVENT] * 9).status_code == 200  # never more than a full bucket


def test_numbers_that_nobody_could_reckon_with_are_refused(api: APIClient, log: EventLog) -> None:
    answer = api.patch("/api/v1/logs/factory/", {"idle_close_s": 2**31, "retention_days": 36_526})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/idle_close_s", "/retention_days"]
    assert api.patch("/api/v1/logs/factory/", {"idle_close_s": 2**31 - 1, "retention_days": 36_525}).status_code == 200
