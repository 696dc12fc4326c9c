"""Every error is a problem (RFC 9457), also those that the framework makes."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from rest_framework.test import APIClient

from models_mining.logs import log_api
from streams.models import EventLog, Stream
from tests.clients import EVENT


def problem(answer: Any) -> dict[str, Any]:
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) >= {"type", "title", "status", "detail", "instance"}
    assert body["status"] == answer.status_code
    assert body["instance"] == f"urn:request:{answer['X-Request-ID']}"
    assert body["type"].startswith("/problems/")
    return body


def test_each_field_that_fails_is_pointed_at(api: APIClient, stream: Stream) -> None:
    body = problem(api.post("/api/v1/streams/", {"slug": "a b", "name": "", "broker": 99, "topic": "x"}))
    assert (body["type"], body["title"]) == ("/problems/validation", "The request is not valid.")
    assert body["detail"] == "3 fields failed."
    assert {error["pointer"]: error["code"] for error in body["errors"]} == {
        "/slug": "invalid",
        "/name": "blank",
        "/broker": "does_not_exist",
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("get", "nowhere/", 404, "not-found"),
        ("get", "logs/nowhere/", 404, "not-found"),
        ("get", "brokers/999999999999999999999999/", 404, "not-found"),
        ("get", "logs/?page=7", 404, "not-found"),
        ("delete", "logs/", 405, "method-not-allowed"),
        ("put", "me/", 405, "method-not-allowed"),
        ("get", "logs/?unknown=1", 400, "validation"),
        ("get", "logs/factory/?unknown=1", 400, "validation"),
        ("get", "logs/?ordering=password", 400, "validation"),
        ("get", "logs/?page_size=1e9", 400, "validation"),
    ],
)
def test_the_framework_s_own_errors(
    api: APIClient, log: EventLog, method: str, path: str, status: int, kind: str
) -> None:
    answer = getattr(api, method)(f"/api/v1/{path}")
    assert (problem(answer)["status"], answer.json()["type"]) == (status, f"/problems/{kind}")


def test_forms_of_body_and_answer(api: APIClient, log: EventLog) -> None:
    assert problem(api.post("/api/v1/logs/", b"<a/>", content_type="text/xml"))["status"] == 415
    assert problem(api.get("/api/v1/logs/", HTTP_ACCEPT="image/png"))["status"] == 406
    assert (
        problem(api.post("/api/v1/logs/", b"{not", content_type="application/json"))["type"] == "/problems/unreadable"
    )
    assert problem(api.post("/api/v1/logs/", [1, 2]))["errors"][0]["code"] == "invalid"
    assert problem(api.post("/api/v1/logs/", {"slug": "x", "name": "a\0b"}))["errors"][0]["pointer"] == "/name"
    deep = b"[" * 100_000 + b"]" * 100_000
    assert problem(api.post("/api/v1/logs/", deep, content_type="application/json"))["status"] == 400
    large = b'{"name": "' + b"x" * (5 * 1024 * 1024) + b'"}'
    assert problem(api.post("/api/v1/logs/", large, content_type="application/json"))["status"] == 413
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    assert problem(api.post("/api/v1/logs/", {}, **chunked))["status"] == 411


def test_a_large_form_is_refused_as_well(api: APIClient) -> None:
    answer = api.post("/api/v1/logs/", {"name": "x" * (6 * 1024 * 1024)}, format="multipart")
    assert problem(answer)["status"] == 413


def test_a_wrong_host_is_a_problem_too(anyone: APIClient, settings: Any) -> None:
    assert problem(anyone.get("/api/v1/logs/", HTTP_HOST="evil.example"))["status"] == 400


def test_what_nobody_expected_is_a_500_that_tells_nothing(
    owner: User, log: EventLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("the secret of the house")

    monkeypatch.setattr(log_api, "take", fail)
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    answer = client.post("/api/v1/logs/factory/events/", EVENT, content_type="application/json")
    assert problem(answer)["status"] == 500
    assert "secret" not in answer.content.decode()
    assert "the secret of the house" in caplog.text


def test_a_database_that_cannot_take_it_is_a_503(
    api: APIClient, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: Any, **__: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(log_api, "take", locked)
    answer = api.post("/api/v1/logs/factory/events/", EVENT)
    assert problem(answer)["status"] == 503
    assert answer["Retry-After"] == "1"


def test_a_request_keeps_its_number(api: APIClient) -> None:
    assert api.get("/api/v1/me/", HTTP_X_REQUEST_ID="run-7.a")["X-Request-ID"] == "run-7.a"
    assert re.fullmatch("[0-9a-f]{32}", api.get("/api/v1/me/", HTTP_X_REQUEST_ID="a b\r\nc")["X-Request-ID"])


def test_a_post_without_the_last_slash_stays_a_post(api: APIClient, log: EventLog) -> None:
    answer = api.post("/api/v1/logs/factory/events", EVENT)
    assert (answer.status_code, answer["Location"]) == (308, "/api/v1/logs/factory/events/")
    assert api.post("/api/v1/logs/factory/events", EVENT, follow=True).json()["stored"] == 1


def test_the_browsable_api_shows_problems_in_its_page(api: APIClient, log: EventLog) -> None:
    answer = api.get("/api/v1/logs/nowhere/", HTTP_ACCEPT="text/html")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "/problems/not-found" in answer.content.decode()


def test_pages_for_people_keep_their_own_errors(anyone: APIClient) -> None:
    assert "json" not in anyone.get("/nowhere/")["Content-Type"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("logs/nowhere/", "There is no log called nowhere."),
        ("logs/nowhere/cases/", "There is no log called nowhere."),
        ("streams/line-9/", "There is no stream called line-9."),
        ("streams/line-9/rejections/", "There is no stream called line-9."),
        ("streams/line-1/rejections/7/", "There is no rejection 7."),
        ("models/7/", "There is no model 7."),
        ("jobs/7/", "There is no job 7."),
    ],
)
def test_what_is_not_there_is_named_in_our_words(api: APIClient, stream: Stream, path: str, said: str) -> None:
    assert problem(api.get(f"/api/v1/{path}"))["detail"] == said
