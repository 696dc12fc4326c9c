"""Who is behind a live socket."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from accounts.socket_auth import SocketAuth
from accounts.tokens import create_token

pytestmark = pytest.mark.django_db(transaction=True)


async def tell_who(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """An application that says who is there, and signs in by a first message."""
    await receive()
    await send({"type": "websocket.accept"})

    async def tell(user: Any, token: Any) -> None:
        name = await database_sync_to_async(user.get_username)()
        await send({"type": "websocket.send", "text": f"{name or 'nobody'} {token.scopes if token else 'session'}"})

    await tell(scope["user"], scope["token"])
    message = await receive()
    if message["type"] == "websocket.receive":
        found = await scope["sign_in"](message["text"])
        await tell(*found) if found else await send({"type": "websocket.close", "code": 4401})


def who(path: str = "/ws/live/", first: str | None = None, **headers: str) -> str:
    """Who a client with these headers is; with a first message, who after it."""
    return asyncio.run(_who(path, first, headers))


async def _who(path: str, first: str | None, headers: dict[str, str]) -> str:
    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    socket = WebsocketCommunicator(SocketAuth(tell_who), path, headers=given)
    try:
        assert (await socket.connect())[0]
        said = await socket.receive_from()
        if first is None:
            return said
        await socket.send_to(text_data=first)
        message = await socket.receive_output()
        return str(message.get("text", message.get("code")))
    finally:
        await socket.disconnect()
        await sync_to_async(connections.close_all)()  # the communicator keeps them open


def session(user: User) -> str:
    client = Client()
    client.force_login(user)
    return f"procmine_session={client.cookies['procmine_session'].value}"


@pytest.fixture
def cookie(owner: User) -> str:
    return session(owner)


@pytest.fixture
def text(owner: User) -> str:
    return create_token(owner, ["read"])[1]


def test_a_session_is_taken_from_our_own_pages(cookie: str) -> None:
    assert who(cookie=cookie, origin="http://localhost:8000") == "owner session"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", "http://localhost.evil.example", "://[", "\xff"]
)
def test_a_session_is_not_taken_from_other_pages(cookie: str, origin: str) -> None:
    assert who(cookie=cookie, origin=origin) == "nobody session"


def test_a_client_without_origin_is_never_signed_in_by_cookie(cookie: str) -> None:
    assert who(cookie=cookie) == "nobody session"


def test_a_token_is_taken_from_the_header(text: str) -> None:
    assert who(authorization=f"Token {text}") == "owner ['read']"
    assert who(authorization=f"Token {text}x") == "nobody session"
    assert who(authorization="Token") == "nobody session"


def test_a_token_in_the_address_is_not_looked_at(text: str) -> None:
    assert who(f"/ws/live/?token={text}") == "nobody session"


def test_a_wrong_token_does_not_fall_back_to_the_cookie(cookie: str) -> None:
    assert who(cookie=cookie, origin="http://localhost", authorization="Token x") == "nobody session"


def test_a_token_may_come_as_the_first_message(text: str) -> None:
    assert who(first=text) == "owner ['read']"
    assert who(first="pm_nothing") == "4401"
