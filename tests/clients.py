"""Clients of the API: signed in, by token, or nobody."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from rest_framework.test import APIClient

from accounts.tokens import create_token
from streams.models import Broker, EventLog, Stream


@pytest.fixture
def owner(db: None) -> User:
    """May do everything."""
    return User.objects.create_superuser("owner")


@pytest.fixture
def api(owner: User) -> APIClient:
    """A browser session of the owner (CSRF is what other tests ask about)."""
    client = APIClient()
    client.force_login(owner)
    return client


@pytest.fixture
def anyone(db: None) -> APIClient:
    """Nobody is signed in."""
    return APIClient()


@pytest.fixture
def with_token(owner: User) -> Callable[..., APIClient]:
    """``with_token("read", logs=[log])``: a client that sends such a token."""

    def client(*scopes: str, user: User | None = None, logs: Any = ()) -> APIClient:
        _, text = create_token(user or owner, scopes, logs)
        made = APIClient()
        made.credentials(HTTP_AUTHORIZATION=f"Token {text}")
        return made

    return client


@pytest.fixture
def user_who(db: None) -> Callable[..., User]:
    """``user_who("view_eventlog")``: a user with these permissions only."""

    def user(*codenames: str, name: str = "someone") -> User:
        made: User = User.objects.create_user(name)
        found = Permission.objects.filter(codename__in=codenames)
        assert len(found) == len(codenames)
        made.user_permissions.set(found)
        return made

    return user


@pytest.fixture
def log(db: None) -> EventLog:
    return EventLog.objects.create(slug="factory", name="Factory")


@pytest.fixture
def mqtt(db: None) -> Broker:
    return Broker.objects.create(name="plant", host="127.0.0.1", port=1)


@pytest.fixture
def stream(mqtt: Broker) -> Stream:
    return Stream.objects.create(slug="line-1", name="Line 1", broker=mqtt, topic="line1")


EVENT = {"id": "e1", "case": "order-7", "activity": "Pack", "at": "2026-01-02T10:00:00Z", "attributes": {"temp": 21.5}}
