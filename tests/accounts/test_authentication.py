"""Who gets in, and how far. Every route as everybody: tests/access."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.authentication import user_of_token
from accounts.models import Token
from accounts.tokens import create_token
from streams.models import Broker, EventLog, Stream
from tests.clients import EVENT

Clients = Callable[..., APIClient]


def test_a_user_without_permissions_sees_nothing(user_who: Any, log: EventLog, stream: Stream) -> None:
    client = APIClient()
    client.force_login(user_who())
    assert client.get("/api/v1/logs/").json()["results"] == []
    assert client.get("/api/v1/models/").json()["results"] == []
    assert client.get("/api/v1/logs/factory/").status_code == 404
    assert client.get("/api/v1/logs/factory/events/").status_code == 404
    assert client.get(f"/api/v1/models/{log.models.get().pk}/picture/").status_code == 404
    for path in ("brokers/", "streams/", "streams/line-1/health/", "streams/line-1/rejections/"):
        assert client.get(f"/api/v1/{path}").status_code == 403


def test_permissions_open_what_they_name(user_who: Any, log: EventLog, stream: Stream) -> None:
    client = APIClient()
    client.force_login(user_who("view_eventlog", "view_stream"))
    assert client.get("/api/v1/logs/factory/").status_code == 200
    assert client.post("/api/v1/logs/factory/events/", EVENT).status_code == 403
    assert client.patch("/api/v1/logs/factory/", {"name": "Other"}).status_code == 403
    assert client.delete("/api/v1/logs/factory/").status_code == 403
    assert client.post("/api/v1/logs/", {"slug": "a", "name": "A"}).status_code == 403
    assert client.post("/api/v1/models/", {"log": "factory"}).status_code == 403
    assert client.get("/api/v1/streams/line-1/").status_code == 200
    assert client.post("/api/v1/streams/line-1/stop/").status_code == 403
    assert client.get("/api/v1/brokers/").status_code == 403


def test_who_may_only_send_events_sends_them(user_who: Any, log: EventLog) -> None:
    client = APIClient()
    client.force_login(user_who("ingest_eventlog"))
    assert client.post("/api/v1/logs/factory/events/", EVENT).json()["stored"] == 1
    assert client.get("/api/v1/logs/factory/events/").status_code == 404


def test_a_token_does_what_its_scopes_say(with_token: Clients, log: EventLog, mqtt: Broker) -> None:
    requests: dict[str, Callable[[APIClient], Any]] = {
        "read": lambda client: client.get("/api/v1/logs/factory/events/"),
        "ingest": lambda client: client.post("/api/v1/logs/factory/events/", EVENT),
        "control": lambda client: client.patch("/api/v1/logs/factory/", {"idle_close_s": 60}),
    }
    for scope in requests:
        client = with_token(scope)
        for needed, send in requests.items():
            answer = send(client)
            assert answer.status_code == (200 if needed == scope else 403), (scope, needed)
            if needed != scope:
                assert answer.json()["detail"] == f"This token lacks the scope {needed}."


def test_a_token_opens_only_the_logs_it_names(with_token: Clients, log: EventLog, stream: Stream) -> None:
    other = EventLog.objects.create(slug="other", name="Other")
    client = with_token("read", "ingest", "control", logs=[log])
    assert [row["slug"] for row in client.get("/api/v1/logs/").json()["results"]] == ["factory"]
    assert [row["log"] for row in client.get("/api/v1/models/").json()["results"]] == ["factory"]
    for path in ("logs/other/", "logs/other/events/", f"models/{other.models.get().pk}/"):
        assert client.get(f"/api/v1/{path}").status_code == 404
    assert client.post("/api/v1/logs/other/events/", EVENT).status_code == 404
    assert client.post("/api/v1/logs/factory/events/", EVENT).status_code == 200
    assert client.post("/api/v1/logs/", {"slug": "a", "name": "A"}).status_code == 403
    assert client.post("/api/v1/models/", {"log": "other"}).status_code == 400
    assert client.patch(f"/api/v1/models/{log.models.get().pk}/", {"log": "other"}).status_code == 400
    for path in ("brokers/", "streams/", "streams/line-1/", "streams/line-1/health/", "streams/line-1/rejections/"):
        assert client.get(f"/api/v1/{path}").status_code == 403


def test_a_token_may_do_no_more_than_its_user(with_token: Clients, user_who: Any, log: EventLog) -> None:
    client = with_token("read", "ingest", "control", user=user_who("view_eventlog"))
    assert client.get("/api/v1/logs/factory/").status_code == 200
    assert client.post("/api/v1/logs/factory/events/", EVENT).status_code == 403


@pytest.mark.parametrize(
    "header", ["Token", "Token x", "Token pm_a b", "Token \xff\xfe", "Token pm_abcdefgh_" + "0" * 64, "Bearer x"]
)
def test_what_is_no_token_is_refused(anyone: APIClient, header: str) -> None:
    assert anyone.get("/api/v1/me/", HTTP_AUTHORIZATION=header).status_code == 401


def test_an_expired_token_and_that_of_a_left_user_are_refused(owner: User) -> None:
    token, text = create_token(owner, ["read"])
    assert user_of_token(text) == (owner, token)
    assert user_of_token(text[:-1]) is None
    assert user_of_token("\ud800") is None
    User.objects.update(is_active=False)
    assert user_of_token(text) is None
    User.objects.update(is_active=True)
    Token.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert user_of_token(text) is None


def test_tokens_are_made_shown_once_and_revoked(api: APIClient, anyone: APIClient, log: EventLog) -> None:
    made = api.post("/api/v1/tokens/", {"scopes": ["read", "ingest"], "logs": ["factory"], "days": 3})
    assert made.status_code == 201
    text = made.json()["token"]
    assert text.startswith(f"pm_{made.json()['id']}_")
    assert not Token.objects.filter(digest__contains=text[-20:]).exists()
    listed = api.get("/api/v1/tokens/").json()["results"]
    assert [(row["id"], row["scopes"], row["logs"]) for row in listed] == [
        (made.json()["id"], ["ingest", "read"], ["factory"])
    ]
    assert "token" not in listed[0]
    me = anyone.get("/api/v1/me/", HTTP_AUTHORIZATION=f"Token {text}").json()
    assert (me["username"], me["token"], me["logs"]) == ("owner", made.json()["id"], ["factory"])
    assert api.delete(f"/api/v1/tokens/{made.json()['id']}/").status_code == 204
    assert anyone.get("/api/v1/me/", HTTP_AUTHORIZATION=f"Token {text}").status_code == 401


def test_nobody_sees_or_revokes_the_token_of_another(api: APIClient, user_who: Any) -> None:
    token, text = create_token(user_who(), ["read"])
    assert api.get("/api/v1/tokens/").json()["results"] == []
    assert api.delete(f"/api/v1/tokens/{text.split('_')[1]}/").status_code == 404
    assert Token.objects.get() == token


def test_a_token_makes_no_tokens(with_token: Clients) -> None:
    assert with_token("control").post("/api/v1/tokens/", {"scopes": ["read"]}).status_code == 403


def test_a_token_limited_to_logs_sees_itself_only(with_token: Clients, owner: User, log: EventLog) -> None:
    create_token(owner, ["read"])
    rows = with_token("read", logs=[log]).get("/api/v1/tokens/").json()["results"]
    assert [row["logs"] for row in rows] == [["factory"]]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/scopes"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["all"]}, "/scopes/0"),
        ({"scopes": ["read"], "logs": ["nowhere"]}, "/logs"),
        ({"scopes": ["read"], "days": 0}, "/days"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(api: APIClient, body: dict[str, Any], pointer: str) -> None:
    answer = api.post("/api/v1/tokens/", body)
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_session_needs_the_csrf_token(owner: User, log: EventLog) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(owner)
    answer = client.post("/api/v1/logs/factory/events/", EVENT)
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert answer.json()["detail"].startswith("CSRF Failed")


def test_the_command_prints_a_token_once(
    owner: User, log: EventLog, capsys: pytest.CaptureFixture[str], anyone: APIClient
) -> None:
    call_command("createtoken", "owner", scope=["read", "ingest"], log=["factory"], days=2)
    text = capsys.readouterr().out.strip()
    me = anyone.get("/api/v1/me/", HTTP_AUTHORIZATION=f"Token {text}").json()
    assert (me["scopes"], me["logs"]) == (["ingest", "read"], ["factory"])
    left = Token.objects.get().expiry - timezone.now()
    assert timedelta(days=1) < left <= timedelta(days=2)


@pytest.mark.parametrize("wrong", [{"user": "nobody"}, {"log": ["nowhere"]}, {"days": 0}])
def test_the_command_says_what_is_wrong(owner: User, wrong: dict[str, Any]) -> None:
    with pytest.raises(CommandError):
        call_command("createtoken", wrong.pop("user", "owner"), **wrong)
    assert not Token.objects.exists()
