"""Logs opened one by one, and the groups there are from the start."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import ValidationError
from rest_framework.test import APIClient

from accounts.authentication import user_of_token
from accounts.groups import GROUPS, make_groups
from accounts.models import Token
from accounts.tokens import create_token
from foundation.access import current
from streams.access.logs import logs_of
from streams.models import EventLog, LogGrant


@pytest.fixture
def logs(db: None) -> list[EventLog]:
    return [EventLog.objects.create(slug=slug, name=slug) for slug in ("a", "b", "c")]


@pytest.fixture
def anna(db: None) -> User:
    return User.objects.create_user("anna")


@pytest.fixture
def api(db: None) -> APIClient:
    client = APIClient()
    client.force_login(User.objects.create_superuser("owner"))
    return client


def slugs(user: User, action: str = "view") -> list[str]:
    return [log.slug for log in logs_of(User.objects.get(pk=user.pk), None, action)]


def test_what_a_user_may_do_adds_up(anna: User, logs: list[EventLog], django_assert_num_queries: Any) -> None:
    friends = Group.objects.create(name="friends")
    anna.groups.add(friends)
    LogGrant.objects.create(log=logs[0], user=anna, can_ingest=True)
    LogGrant.objects.create(log=logs[0], group=friends, can_change=True)
    LogGrant.objects.create(log=logs[1], group=friends)
    LogGrant.objects.create(log=logs[2], user=User.objects.create_user("bert"))
    assert [slugs(anna, action) for action in ("view", "ingest", "change", "delete")] == [["a", "b"], ["a"], ["a"], []]
    user = User.objects.get(pk=anna.pk)
    user.get_all_permissions()
    with django_assert_num_queries(1):
        list(logs_of(user))
    anna.user_permissions.add(Permission.objects.get(codename="view_eventlog"))
    assert slugs(anna) == ["a", "b", "c"]
    User.objects.update(is_active=False)
    assert slugs(anna) == []


def test_a_grant_is_for_one_and_makes_sense(anna: User, logs: list[EventLog]) -> None:
    for wrong in ({}, {"user": anna, "group": Group.objects.get(name="Viewer")}, {"user": anna, "can_view": False}):
        with pytest.raises(ValidationError):
            LogGrant(log=logs[0], can_change=True, **wrong).full_clean()


def test_grants_are_given_changed_and_taken_over_the_api(api: APIClient, anna: User, logs: list[EventLog]) -> None:
    url = "/api/v1/logs/a/grants/"
    made = api.post(url, {"user": "anna", "actions": ["view"]})
    assert (made.status_code, made.json()["actions"]) == (201, ["view"])
    assert api.post(url, {"user": "anna", "actions": ["view", "change"]}).status_code == 409
    assert api.patch(f"{url}{made.json()['id']}/", {"actions": ["view", "ingest"]}).status_code == 200
    assert (slugs(anna), slugs(anna, "ingest")) == (["a"], ["a"])
    assert api.post(url, {"group": "Viewer", "actions": ["view"]}).status_code == 201
    assert [row["group"] for row in api.get(url).json()["results"]] == [None, "Viewer"]
    assert api.get("/api/v1/logs/b/grants/").json()["results"] == []
    assert api.get(f"/api/v1/logs/b/grants/{made.json()['id']}/").status_code == 404
    assert api.delete(f"{url}{made.json()['id']}/").status_code == 204
    assert slugs(anna) == []
    for wrong in ({}, {"user": "anna"}, {"actions": ["view"]}, {"user": "anna", "actions": ["change"]}):
        assert api.post(url, wrong).status_code == 400, wrong
    assert api.post(url, {"user": "nobody", "actions": ["view"]}).json()["errors"][0]["pointer"] == "/user"


def test_nobody_sets_up_a_stream_into_a_log_that_takes_nothing_from_him(anna: User, logs: list[EventLog]) -> None:
    anna.user_permissions.set(Permission.objects.filter(codename__endswith="_stream"))
    LogGrant.objects.create(log=logs[0], user=anna, can_ingest=True)
    LogGrant.objects.create(log=logs[1], user=anna)
    client = APIClient()
    client.force_login(anna)

    def refused(log: str | None) -> bool:
        body = {"slug": "s", "name": "S", "broker": 0, "topic": "t", "log": log}
        return "/log" in [error["pointer"] for error in client.post("/api/v1/streams/", body).json()["errors"]]

    assert [refused(log) for log in ("a", "b", "c")] == [False, True, True]
    from streams.models import Broker

    broker = Broker.objects.create(name="plant", host="127.0.0.1")
    body = {"slug": "s", "name": "S", "broker": broker.pk, "topic": "t"}
    assert [error["pointer"] for error in client.post("/api/v1/streams/", body).json()["errors"]] == ["/log"]
    assert client.post("/api/v1/streams/", body | {"log": "a"}).status_code == 201


def test_a_limited_token_opens_nothing_more_when_its_log_is_deleted(logs: list[EventLog]) -> None:
    _, text = create_token(User.objects.create_superuser("owner"), ["read"], [logs[0]])
    logs[0].delete()
    found = user_of_token(text)
    assert found is not None
    assert not logs_of(*found).exists()


def test_a_sign_in_that_outlives_a_request_ends_with_what_it_rests_on(anna: User) -> None:
    token, text = create_token(anna, ["read"])
    signed_in = user_of_token(text)
    assert signed_in is not None
    assert current(anna, None) == (anna, None)
    assert current(*signed_in) == (anna, token)
    Token.objects.all().delete()
    assert current(*signed_in) is None
    User.objects.update(is_active=False)
    assert current(anna, None) is None


def test_the_groups_are_there_from_the_start(db: None) -> None:
    held = {group.name: set(group.permissions.values_list("codename", flat=True)) for group in Group.objects.all()}
    assert set(held) == set(GROUPS)
    assert held["Viewer"] < held["Analyst"] < held["Operator"] < held["Admin"]
    assert {"view_eventlog", "view_minedmodel"} <= held["Viewer"]
    assert not [name for name in held["Viewer"] if not name.startswith("view_")]
    assert {"change_eventlog", "add_minedmodel"} <= held["Analyst"] - held["Viewer"]
    assert {"ingest_eventlog", "add_stream", "view_rejection", "view_logentry"} <= held["Operator"] - held["Analyst"]
    assert {"delete_eventlog", "add_loggrant", "add_token", "add_user"} <= held["Admin"] - held["Operator"]


def test_a_migration_undoes_nothing_that_an_admin_did(db: None) -> None:
    viewer, admin = Group.objects.get(name="Viewer"), Group.objects.get(name="Admin")
    taken, given = Permission.objects.get(codename="view_event"), Permission.objects.get(codename="add_stream")
    new = Permission.objects.get(codename="view_minedmodel")
    viewer.permissions.remove(taken)
    viewer.permissions.add(given)
    for group in Group.objects.all():
        group.permissions.remove(new)  # as if its table had just been made
    Group.objects.get(name="Analyst").delete()
    make_groups()
    assert not viewer.permissions.contains(taken)
    assert viewer.permissions.contains(given)
    assert viewer.permissions.contains(new)
    assert admin.permissions.contains(new)
    assert Group.objects.get(name="Analyst").permissions.contains(taken)
