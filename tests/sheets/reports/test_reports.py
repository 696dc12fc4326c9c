"""Apps report what their users did: which log, which case, what is refused; and what a rule asks in return."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from rules.engine.worker import Rules
from rules.models import Rule, RuleCursor
from sheets.models import Answer, ReportMapping, Sheet
from streams.models import Event, EventLog

REPORT: dict[str, Any] = {
    "client": "factory",
    "user": "dev.001",
    "platform": "web",
    "events": [
        {
            "type": "challenge_done",
            "timestamp": "2026-01-02T10:05:00Z",
            "challenge": "c1",
            "score": 3,
            "platform": "tv",
        },
        {"type": "challenge_started", "timestamp": 1767348000000, "challenge": "c1", "__internal": 1},
        {"type": "", "timestamp": "2026-01-02T10:00:00Z"},
        {"type": "x", "timestamp": "yesterday"},
        "no event",
    ],
}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/reports/", "/report.json"])
def test_a_report_becomes_events_of_its_users_case_in_order_of_time(
    with_token: Callable[..., APIClient], log: EventLog, path: str
) -> None:
    app = with_token("ingest")
    answer = app.post(path, REPORT)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["success"], told["stored"], told["duplicates"], "es" in told) == (True, 2, 0, False)
    assert [(one["index"], one["reason"]) for one in told["rejected"]] == [
        (2, "empty_type"),
        (3, "bad_time"),
        (4, "not_object"),
    ]
    first, second = Event.objects.order_by("seq")
    assert (first.activity, first.case, first.attributes) == (
        "challenge_started",
        "dev.001",
        {"client": "factory", "platform": "web", "challenge": "c1"},
    )
    assert (second.activity, second.attributes["platform"]) == ("challenge_done", "tv")
    numbered = REPORT | {"report_id": "r-1"}
    assert app.post(path, numbered).json()["stored"] == 2
    again = app.post(path, data=gzip.compress(json.dumps(numbered).encode()), content_type="application/json")
    assert again.status_code == 400  # packed, and it does not say so
    zipped = app.post(
        path,
        data=gzip.compress(json.dumps(numbered).encode()),
        content_type="application/json",
        headers={"Content-Encoding": "gzip"},
    ).json()
    assert (zipped["report_id"], zipped["stored"], zipped["duplicates"]) == ("r-1", 0, 2)


@pytest.mark.django_db
def test_a_mapping_says_what_the_case_is_and_strict_names_refuse(api: APIClient, log: EventLog) -> None:
    other = EventLog.objects.create(slug="other", name="Other")
    given = {"client": "playground", "log": "factory", "case": "challenge", "names": "strict"}
    made = api.post("/api/v1/report-mappings/", given)
    assert made.status_code == 201, made.json()
    told = api.post("/api/v1/reports/", REPORT | {"client": "playground"}).json()
    assert (told["stored"], next(one["reason"] for one in told["rejected"])) == (1, "reserved_name")
    event = Event.objects.get()
    assert (event.case, event.attributes["user"], "challenge" in event.attributes) == ("c1", "dev.001", False)
    hijack = api.post("/api/v1/report-mappings/", {"client": "other", "log": "factory"})
    assert (hijack.status_code, hijack.json()["errors"][0]["pointer"]) == (400, "/client")
    assert ReportMapping(client="other", log=other).clean() is None  # type: ignore[func-returns-value]
    assert api.post("/api/v1/reports/", REPORT | {"client": "playground", "__x": 1}).status_code == 400


@pytest.mark.django_db
def test_what_goes_wrong_is_told_in_the_apps_own_form_with_its_status(
    with_token: Callable[..., APIClient], anyone: APIClient, api: APIClient, log: EventLog, user_who: Any, settings: Any
) -> None:
    path = "/api/v1/reports/"
    EventLog.objects.create(slug="gone", name="Gone", archived_at="2026-01-01T00:00:00Z")
    stranger = APIClient()
    stranger.force_login(user_who())
    hidden = stranger.post(path, REPORT)
    unknown = stranger.post(path, REPORT | {"client": "nothing"})
    huge = {"client": "factory", "events": [{}] * 5001}
    answers = {
        401: anyone.post(path, REPORT),
        403: with_token("read").post(path, REPORT),
        404: hidden,
        409: api.post(path, REPORT | {"client": "gone"}),
        413: api.post(path, huge),
        415: api.post(path, "<x/>", content_type="text/xml"),
        405: api.get(path),
    }
    for body in (None, [], 7, {}, {"client": 3}, {"client": "factory"}, {"client": "factory", "events": {}}, "junk"):
        answers[400] = api.post(path, body)
        assert answers[400].status_code == (404 if body == {"client": 3} else 400), body
    deep: Any = "x"
    for _ in range(80):
        deep = [deep]
    for value in (deep, float("nan"), "\ud800", "a\0b"):
        data = json.dumps(REPORT | {"events": [{"type": "x", "odd": value}]})
        told = api.post(path, data=data, content_type="application/json").json()
        assert (told["stored"], len(told["rejected"])) == (0, 1), value
    settings.LIMIT_EVENTS = settings.LIMIT_BURST = 1
    api.post(path, REPORT)
    answers[429] = api.post(path, REPORT)
    for status, answer in answers.items():
        assert answer.status_code == status, answer.content
        told = answer.json()
        assert (told["success"], told["status"]) == (False, status)
        assert told["error"] == (told["detail"] or told["title"])
        assert answer["Content-Type"] == "application/problem+json"
    assert hidden.json()["error"].replace("factory", "") == unknown.json()["error"].replace("nothing", "")


@contextmanager
def ruling() -> Iterator[None]:
    """The rules at work beside the test."""
    stop = threading.Event()

    def work() -> None:
        rules = Rules()
        while not stop.is_set():
            rules.wake()
            rules.turn(time.monotonic())
            stop.wait(0.02)
        rules.close()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_report_that_a_rule_answers_by_a_sheet_bears_the_form(
    api: APIClient, log: EventLog, sheet: Sheet, settings: Any
) -> None:
    settings.SHEET_HOLD_S = 0.2
    rule = {
        "name": "Ask",
        "log": "factory",
        "kind": "event",
        "when": "event.activity == 'challenge_done'",
        "then": [{"sheet": "delay", "respondent": "platform"}],
    }
    wrong = api.post("/api/v1/rules/", rule | {"then": [{"sheet": "nothing"}]})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/then/0/sheet")
    assert api.post("/api/v1/rules/", rule).status_code == 201
    assert "es" not in api.post("/api/v1/reports/", REPORT).json()  # nobody works: it is answered all the same
    settings.SHEET_HOLD_S = 30.0
    with ruling():
        asked = api.post("/api/v1/reports/", REPORT | {"user": "dev.002"}).json()
        began = time.monotonic()
        quiet = api.post("/api/v1/reports/", REPORT | {"events": [{"type": "challenge_started"}]}).json()
        assert time.monotonic() - began < 25  # the rules have seen it: nothing more to wait for
    assert "es" not in quiet
    form = asked["es"]
    assert (form["label"], 880 < form["ttl_s"] <= 900) == ("Why did it take long?", True)
    assert form["url"].endswith(f"/sheets/p/{form['token']}/")
    assert Client().post(form["url"], {"late": "no"}).status_code == 302
    answer = Answer.objects.get()
    assert (answer.prompt.case, answer.prompt.respondent) == ("dev.002", "tv")
    assert Event.objects.latest("seq").case == "dev.002"
    (match, *_) = api.get("/api/v1/rule-matches/?case=dev.002").json()["results"]
    assert match["actions"] == [{"kind": "sheet", "to": "delay", "status": "answered"}]
    assert RuleCursor.objects.get().seq >= 1
    assert Rule.objects.get().enabled
