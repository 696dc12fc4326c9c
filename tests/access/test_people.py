"""Whoever manages users and groups gains nothing by it: no right they lack, no account that may do more."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Token
from streams.models import EventLog, LogGrant

PASSWORD = "a new one of 24 letters"


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", password="of root itself")


@pytest.fixture
def adam(db: None) -> User:
    made = User.objects.create_user("adam", is_staff=True)
    made.groups.add(Group.objects.get(name="Admin"))
    return made


@pytest.fixture
def keeper(db: None) -> User:
    """Staff who may manage users, groups and grants, and look at logs; nothing else."""
    made = User.objects.create_user("keeper", is_staff=True)
    of_people = Permission.objects.filter(content_type__app_label="auth")
    made.user_permissions.set(
        of_people | Permission.objects.filter(codename__in=["view_eventlog", "add_loggrant", "change_loggrant"])
    )
    return made


def site(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sent(client: Client, user: User, **changed: Any) -> int:
    """The status of the user's form as a browser sends it, with some fields changed."""
    form: dict[str, Any] = {
        "username": user.username,
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00",
        "is_active": "on",
        "is_staff": "on" if user.is_staff else "",
        "groups": list(user.groups.values_list("pk", flat=True)),
        "user_permissions": list(user.user_permissions.values_list("pk", flat=True)),
        **changed,
    }
    status: int = client.post(f"/admin/auth/user/{user.pk}/change/", form).status_code
    return status


def groups(*names: str) -> list[int]:
    return list(Group.objects.filter(name__in=names).values_list("pk", flat=True))


def test_an_admin_makes_nobody_superuser_and_gets_no_token_of_one(root: User, adam: User) -> None:
    client = site(adam)
    assert sent(client, adam, is_superuser="on") == 302  # saved, without it
    passwords = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    client.post("/admin/auth/user/add/", {"username": "eve", "is_superuser": "on", **passwords})
    eve = User.objects.get(username="eve")
    assert sent(client, eve, is_superuser="on", is_staff="on") == 302
    assert list(User.objects.filter(is_superuser=True)) == [root]
    assert User.objects.get(pk=eve.pk).is_staff
    for user in (root, eve):
        token = {"user": user.pk, "scopes": ["control"], "days": 7}
        assert client.post("/admin/accounts/token/add/", token).status_code == 403
    assert not Token.objects.exists()


@pytest.mark.parametrize("active", [True, False])
def test_an_admin_cannot_touch_a_superuser(root: User, adam: User, active: bool) -> None:
    User.objects.filter(pk=root.pk).update(is_active=active)
    root.refresh_from_db()
    client = site(adam)
    before = User.objects.filter(pk=root.pk).values().get()
    assert client.get(f"/admin/auth/user/{root.pk}/change/").status_code == 200  # to look
    assert sent(client, root, username="nobody") == 403
    passwords = {"password1": PASSWORD, "password2": PASSWORD}
    assert client.post(f"/admin/auth/user/{root.pk}/password/", passwords).status_code == 403
    assert client.post(f"/admin/auth/user/{root.pk}/delete/", {"post": "yes"}).status_code == 403
    several = {"action": "delete_selected", "_selected_action": [root.pk], "post": "yes"}
    assert client.post("/admin/auth/user/", several).status_code == 403
    assert User.objects.filter(pk=root.pk).values().get() == before


def test_nobody_gives_themselves_or_others_what_they_lack(keeper: User, adam: User) -> None:
    client = site(keeper)
    other = User.objects.create_user("other")
    brokers = Permission.objects.get(codename="view_broker")
    friends = Group.objects.create(name="friends")
    LogGrant.objects.create(log=EventLog.objects.create(slug="factory"), group=friends, can_ingest=True)
    before = User.objects.get(pk=keeper.pk).get_all_permissions()
    for user in (keeper, other):
        assert sent(client, user, groups=groups("Admin")) == 200  # the form again: no such choice
        assert sent(client, user, groups=groups("friends")) == 200  # a log may be fed by it
        assert sent(client, user, user_permissions=[brokers.pk]) == 200
    theirs = Group.objects.create(name="theirs")
    theirs.user_set.add(keeper)
    page = f"/admin/auth/group/{theirs.pk}/change/"
    assert client.post(page, {"name": "theirs", "permissions": [brokers.pk]}).status_code == 200
    assert client.post("/admin/auth/group/add/", {"name": "new", "permissions": [brokers.pk]}).status_code == 200
    viewers = Group.objects.get(name="Viewer")
    assert client.post(f"/admin/auth/group/{viewers.pk}/change/", {"name": "Viewer"}).status_code == 403
    assert client.post(f"/admin/auth/group/{viewers.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.get(pk=keeper.pk).get_all_permissions() == before
    assert not User.objects.get(pk=other.pk).get_all_permissions()
    passwords = {"password1": PASSWORD, "password2": PASSWORD}
    assert client.post(f"/admin/auth/user/{adam.pk}/password/", passwords).status_code == 403  # may do more
    assert client.post(f"/admin/auth/user/{other.pk}/password/", passwords).status_code == 302


def test_what_one_has_can_be_given_and_taken(adam: User, keeper: User) -> None:
    client = site(adam)
    eve = User.objects.create_user("eve")
    brokers = Permission.objects.get(codename="view_broker")
    assert sent(client, eve, groups=groups("Admin", "Viewer"), user_permissions=[brokers.pk]) == 302
    assert set(eve.groups.values_list("name", flat=True)) == {"Admin", "Viewer"}
    assert eve.user_permissions.get() == brokers
    assert sent(client, eve, groups=[], user_permissions=[]) == 302
    assert not User.objects.get(pk=eve.pk).get_all_permissions()
    assert client.post("/admin/auth/group/add/", {"name": "new", "permissions": [brokers.pk]}).status_code == 302
    assert client.post(f"/admin/auth/user/{eve.pk}/delete/", {"post": "yes"}).status_code == 302


def test_a_grant_gives_no_more_than_one_has(keeper: User) -> None:
    log = EventLog.objects.create(slug="factory")
    api = APIClient()
    api.force_login(keeper)
    path = "/api/v1/logs/factory/grants/"
    assert api.post(path, {"user": "keeper", "actions": ["view", "ingest"]}).status_code == 403
    assert api.post(path, {"user": "keeper", "actions": ["view"]}).status_code == 201
    other = LogGrant.objects.create(log=log, user=User.objects.create_user("other"), can_ingest=True)
    LogGrant.objects.filter(user=keeper).delete()
    assert api.patch(f"{path}{other.pk}/", {"user": "keeper"}).status_code == 403  # nor take what another has
    LogGrant.objects.create(log=log, user=keeper, can_change=True)
    form = {"log": log.pk, "user": keeper.pk, "can_view": "on", "can_change": "on", "can_delete": "on"}
    grant = LogGrant.objects.get(user=keeper)
    assert site(keeper).post(f"/admin/streams/loggrant/{grant.pk}/change/", form).status_code == 403
    assert LogGrant.objects.get(pk=grant.pk).actions == ["view", "change"]
