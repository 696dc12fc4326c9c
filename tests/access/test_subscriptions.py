"""Every subscription of the live socket, as everybody; and that one ends when its permission does."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from accounts.models import Token
from procmine.asgi import application
from streams.models import LogGrant
from tests.access.conftest import PEOPLE, SECRET, TOKENS, Knocker, World, knocker

pytestmark = pytest.mark.django_db(transaction=True)
INCLUDES = ("model", "moves", "events", "health", "rejections")
WAIT_S = 15.0


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("live.socket.poller.RIGHTS_S", 0.2)


def headers(who: Knocker) -> list[tuple[bytes, bytes]]:
    if who.token:
        return [(b"authorization", f"Token {who.token}".encode())]
    if who.user is None:
        return []
    client = Client()
    client.force_login(who.user)
    cookie = f"procmine_session={client.cookies['procmine_session'].value}"
    return [(b"cookie", cookie.encode()), (b"origin", b"http://localhost")]


async def read(socket: WebsocketCommunicator, until: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """Messages up to and with the first that ``until`` holds of, or the close of the connection."""
    seen: list[dict[str, Any]] = []
    deadline = time.monotonic() + WAIT_S
    while not (seen and (seen[-1]["type"] == "websocket.close" or until(seen[-1]))):
        output = await socket.receive_output(timeout=deadline - time.monotonic())
        seen.append(json.loads(output["text"]) if "text" in output else output)
    return seen


def run(who: Knocker, path: str, then: Callable[[WebsocketCommunicator], Any]) -> Any:
    given = headers(who)

    async def inside() -> Any:
        socket = WebsocketCommunicator(application, path, headers=given, subprotocols=["procmine.v1"])
        try:
            assert (await socket.connect())[0]
            return await then(socket)
        finally:
            await socket.disconnect()
            await sync_to_async(connections.close_all)()

    return asyncio.run(inside())


async def try_all(socket: WebsocketCommunicator) -> tuple[dict[str, int], str]:
    """Ask for each kind alone: the status of each (200 where it is let in), and all that was said."""
    found: dict[str, int] = {}
    said = []
    for number, include in enumerate(INCLUDES):
        await socket.send_to(json.dumps({"id": number, "type": "subscribe", "log": "factory", "include": [include]}))
        messages = await read(socket, lambda one, number=number: one.get("id") == number)
        if messages[-1].get("code") == 4401:
            return dict.fromkeys(INCLUDES, 401), ""
        found[include] = 200 if messages[-1].get("ok") else messages[-1].get("problem", {}).get("status", 0)
        said.append(json.dumps(messages))
    return found, "".join(said)


@pytest.mark.parametrize("name", ["anonymous", *PEOPLE, *TOKENS])
def test_only_who_may_view_a_log_follows_it(world: World, name: str) -> None:
    who = knocker(name, world)
    found, said = run(who, "/ws/live/", try_all)
    if who.user is None:
        assert set(found.values()) == {401}
    elif who.may("log.view") and "read" in who.scopes:
        refused = who.may("streams.view_stream") and who.may("streams.view_eventlog")
        assert found == dict.fromkeys(INCLUDES, 200) | {"rejections": 200 if refused else 403}
    else:
        assert set(found.values()) == {404}
    if 200 not in found.values():
        assert SECRET not in said


def test_the_address_of_a_log_one_may_not_view_closes(world: World) -> None:
    async def until_closed(socket: WebsocketCommunicator) -> list[dict[str, Any]]:
        return await read(socket, lambda one: False)

    problem, close = run(knocker("guest", world), "/ws/live/factory/", until_closed)
    assert (problem["problem"]["status"], close["code"]) == (404, 4403)


def take_grant(world: World) -> None:
    LogGrant.objects.filter(log=world.log).delete()


def deactivate(world: World) -> None:
    User.objects.filter(username="invited").update(is_active=False)


def revoke(world: World) -> None:
    Token.objects.all().delete()


@pytest.mark.parametrize(
    ("name", "loses"), [("invited", take_grant), ("invited", deactivate), ("reading token", revoke)]
)
def test_a_lost_permission_ends_what_is_followed(world: World, name: str, loses: Callable[[World], None]) -> None:
    async def follow(socket: WebsocketCommunicator) -> list[dict[str, Any]]:
        await socket.send_to(json.dumps({"id": 1, "type": "subscribe", "log": "factory"}))
        await read(socket, lambda one: one["type"] == "snapshot")
        await database_sync_to_async(loses)(world)
        return await read(socket, lambda one: one["type"] == "ended")

    last = run(knocker(name, world), "/ws/live/", follow)[-1]
    assert last["type"] == "ended" or last.get("code") == 4401, last
