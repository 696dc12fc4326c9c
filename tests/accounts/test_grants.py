"""A grant is refused alike by the API and the admin."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from accounts.grants import BeyondOwnRightsError, GrantExistsError, save_grant
from streams.models import EventLog, LogGrant


@pytest.fixture
def log(db: None) -> EventLog:
    return EventLog.objects.create(slug="a", name="A")


@pytest.fixture
def manager(log: EventLog, client: Client) -> User:
    """Somebody who manages grants, may view the log and change it, and may not delete it."""
    user = User.objects.create_user("manager", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__endswith="_loggrant"))
    LogGrant.objects.create(log=log, user=user, can_change=True)
    client.force_login(user)
    return user


def test_nobody_gives_what_they_do_not_have(manager: User, log: EventLog, client: Client) -> None:
    bert = User.objects.create_user("bert")
    with pytest.raises(BeyondOwnRightsError, match="You may not ingest nor delete the log a yourself"):
        save_grant(LogGrant(log=log, user=bert, can_ingest=True, can_delete=True), manager)
    body = {"user": "bert", "actions": ["view", "delete"]}
    told = client.post("/api/v1/logs/a/grants/", body, content_type="application/json")
    assert (told.status_code, told.json()["code"]) == (403, "beyond-own-rights")
    form = {"log": log.pk, "user": bert.pk, "group": "", "can_view": "on", "can_delete": "on"}
    shown = client.post("/admin/streams/loggrant/add/", form)
    assert shown.status_code == 403
    assert "You may not delete the log a yourself." in shown.content.decode()
    assert not LogGrant.objects.filter(user=bert).exists()


def test_there_is_one_grant_for_a_user_and_a_log(manager: User, log: EventLog, client: Client) -> None:
    body = {"user": "manager", "actions": ["view"]}
    told = client.post("/api/v1/logs/a/grants/", body, content_type="application/json")
    assert (told.status_code, told.json()["parameters"]) == (409, {"name": "manager"})
    with pytest.raises(GrantExistsError):
        save_grant(LogGrant(log=log, user=manager), manager)
    own = LogGrant.objects.get()
    save_grant(own, manager)  # its own row is no other one
