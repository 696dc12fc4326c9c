"""What the live socket refuses, ends and bounds: the real consumer and feed, in this process."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import Permission, User
from django.db import connections
from django.test import override_settings
from django.utils import timezone

from accounts.socket_auth import SocketAuth
from accounts.tokens import create_token
from live.socket import consumers, poller, protocol
from live.socket.admission import STRANGERS, Admission, Allowance
from live.socket.consumers import LiveConsumer
from live.socket.feed import feed
from live.socket.sources import LogTail
from models_mining.mined_models.pictures import next_picture
from models_mining.models import MinedModel
from streams.models import Broker, Event, EventLog, Rejection, Stream
from tests.live.socket.test_asyncapi import check

AT = "2026-01-02T10:00:00+00:00"
Value = TypeVar("Value")
pytestmark = pytest.mark.django_db(transaction=True)


class Talk:
    """One connection; every message that comes is held against the AsyncAPI document."""

    def __init__(self, **headers: str) -> None:
        named = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self.socket = WebsocketCommunicator(SocketAuth(_routed), "/ws/live/", named, ["procmine.v1"])

    async def ask(self, type_: str, **fields: Any) -> dict[str, Any]:
        """The answer to a request; what comes before it is dropped."""
        await self.send(type_, id=1, **fields)
        return await self.wait_for("result")

    async def send(self, type_: str, **fields: Any) -> None:
        await self.socket.send_to(text_data=json.dumps({"type": type_, **fields}))

    async def wait_for(self, kind: str) -> dict[str, Any]:
        """The next message of a kind."""
        deadline = time.monotonic() + 15
        while True:
            assert time.monotonic() < deadline, f"no {kind} came"
            message: dict[str, Any] = json.loads(await self.socket.receive_from(timeout=15))
            check(message)
            if message["type"] == kind:
                return message

    async def closed_with(self) -> int:
        """Read until the server hangs up."""
        while True:
            sent = await self.socket.receive_output(timeout=15)
            if sent["type"] == "websocket.close":
                return int(sent["code"])


async def _routed(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await LiveConsumer.as_asgi()({**scope, "url_route": {"kwargs": {}}}, receive, send)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[EventLog]:
    """A log with a picture; the feed of the test is its own, and looks at rights ten times a second."""
    feed.cache_clear()
    monkeypatch.setattr(poller, "RIGHTS_S", 0.1)
    monkeypatch.setattr("live.socket.feed.TICK_S", 0.1)
    made = EventLog.objects.create(slug="plant", name="plant")
    paint(MinedModel.objects.get(log=made), 1)  # every log gets one
    yield made
    looker = feed()._looker
    looker._thread.submit(connections.close_all).result(10)
    looker._thread.shutdown()
    feed.cache_clear()


def paint(model: MinedModel, version: int, epoch: str = "e", label: str = "Pack") -> None:
    nodes = [{"id": 0, "label": label, "n": version, "starts": 1, "ends": 1, "open": 1}]
    drawing: Any = {"kind": "graph", "nodes": nodes, "edges": []}
    old = MinedModel.objects.get(pk=model.pk).picture
    moves = [("case-1", None, 0, AT)]
    picture = next_picture(old, drawing, epoch=epoch, version=version, seq=version, at=AT, moves=moves, moved=1)
    MinedModel.objects.filter(pk=model.pk).update(epoch=epoch, version=version, seq=version, picture=picture)


def events(log: EventLog, count: int) -> None:
    first = EventLog.objects.get(pk=log.pk).next_seq
    now = timezone.now()
    row = {"log": log, "case": "c", "activity": "Pack", "at": now, "received_at": now, "attributes": {"temp": 21.5}}
    Event.objects.bulk_create(Event(seq=first + place, **row) for place in range(count))
    EventLog.objects.filter(pk=log.pk).update(next_seq=first + count)


@pytest.fixture
def boss() -> str:
    """The header of somebody who may do everything."""
    return f"Token {create_token(User.objects.create_superuser('boss'), ['read'])[1]}"


async def in_thread(work: Callable[..., Value], *args: Any) -> Value:
    return await asyncio.to_thread(_closing, work, args)


def _closing(work: Callable[..., Value], args: tuple[Any, ...]) -> Value:
    try:
        return work(*args)
    finally:
        connections.close_all()


def run(talk: Callable[..., Any], **headers: str) -> None:
    """A conversation over one connection."""

    async def conversation() -> None:
        one = Talk(**headers)
        assert (await one.socket.connect(timeout=10))[0]
        try:
            await talk(one)
        finally:
            await one.socket.disconnect(timeout=10)

    asyncio.run(conversation())


def test_events_come_newest_first_fifty_then_new_ones_and_say_what_they_skip(log: EventLog, boss: str) -> None:
    events(log, 60)

    async def talk(one: Talk) -> None:
        assert (await one.ask("subscribe", log="plant", include=["events"], rate_hz=20))["ok"]
        first = await one.wait_for("events")
        assert (first["after"], first["upto"], first["skipped"], len(first["events"])) == (10, 60, 0, 50)
        assert first["events"][-1]["attributes"] == {"temp": 21.5}
        await in_thread(events, log, 1)
        assert [row["seq"] for row in (await one.wait_for("events"))["events"]] == [61]
        await in_thread(events, log, 70)  # both messages are unacknowledged: this one waits
        await one.send("ack", sub=1, events=61)
        later = await one.wait_for("events")
        assert (later["after"], later["upto"], later["skipped"], len(later["events"])) == (61, 131, 20, 50)

    run(talk, authorization=boss)


def test_what_was_refused_is_told_to_those_who_may_see_all_streams(log: EventLog, boss: str) -> None:
    broker = Broker.objects.create(name="b", host="127.0.0.1", port=1)
    stream = Stream.objects.create(slug="line", name="line", broker=broker, topic="line", log=log)
    row = {"stream": stream, "received_at": timezone.now(), "topic": "line/1", "payload": b"{", "detail": "why"}
    Rejection.objects.create(reason="not_json", **row)

    async def talk(one: Talk) -> None:
        assert (await one.ask("subscribe", log="plant", include=["rejections"], rate_hz=20))["ok"]
        assert [found["reason"] for found in (await one.wait_for("rejections"))["rejections"]] == ["not_json"]
        await in_thread(lambda: Rejection.objects.create(reason="empty_case", **row))
        more = await one.wait_for("rejections")
        assert ([found["reason"] for found in more["rejections"]], more["skipped"]) == (["empty_case"], 0)

    run(talk, authorization=boss)
    viewer = User.objects.create_user("viewer")
    viewer.user_permissions.add(Permission.objects.get(codename="view_eventlog"))

    async def refused(one: Talk) -> None:
        assert (await one.ask("subscribe", log="plant", include=["rejections"]))["problem"]["status"] == 403

    run(refused, authorization=f"Token {create_token(viewer, ['read'])[1]}")


def test_a_paused_client_is_told_what_waits(log: EventLog, boss: str) -> None:
    model = MinedModel.objects.get()

    async def talk(one: Talk) -> None:
        await one.ask("subscribe", log="plant", rate_hz=20)
        await one.wait_for("snapshot")
        await one.ask("configure", sub=1, paused=True)
        await in_thread(paint, model, 5)
        assert (await one.wait_for("waiting"))["events"] == 4
        await one.ask("configure", sub=1, paused=False)
        assert (await one.wait_for("delta"))["version"] == 5

    run(talk, authorization=boss)


def test_what_is_included_can_be_changed(log: EventLog, boss: str) -> None:
    async def talk(one: Talk) -> None:
        await one.ask("subscribe", log="plant", include=["moves"], rate_hz=20)
        assert "nodes" not in await one.wait_for("snapshot")
        assert (await one.ask("configure", sub=1, include=["model", "health"], rate_hz=10))["ok"]
        assert [node["label"] for node in (await one.wait_for("snapshot"))["nodes"]] == ["Pack"]
        assert (await one.wait_for("health"))["open_cases"] == 0
        for include in (["wishes"], []):
            assert (await one.ask("configure", sub=1, include=include))["problem"]["status"] == 400

    run(talk, authorization=boss)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda: EventLog.objects.update(slug="works"), "renamed"),
        (lambda: paint(MinedModel.objects.get(), 2, epoch="f"), "rebuilt"),
        (lambda: MinedModel.objects.all().delete(), "deleted"),
        (lambda: EventLog.objects.all().delete(), "deleted"),
        (lambda: User.objects.get().user_permissions.clear(), "forbidden"),
        (lambda: paint(MinedModel.objects.get(), 2, label="x" * 1_100_000), "too-large"),
    ],
)
def test_a_subscription_ends_with_its_reason_and_the_connection_goes_on(
    log: EventLog, change: Callable[[], object], reason: str
) -> None:
    viewer = User.objects.create_user("viewer")
    viewer.user_permissions.add(Permission.objects.get(codename="view_eventlog"))

    async def talk(one: Talk) -> None:
        await one.ask("subscribe", log="plant", rate_hz=20)
        await one.wait_for("snapshot")
        await in_thread(change)
        assert (await one.wait_for("ended"))["reason"] == reason
        await one.send("ping", id=7)
        assert (await one.wait_for("pong"))["id"] == 7

    run(talk, authorization=f"Token {create_token(viewer, ['read'])[1]}")


@pytest.mark.parametrize(
    "change",
    [
        lambda user: user.auth_token_set.update(expiry=timezone.now()),
        lambda user: user.auth_token_set.all().delete(),
        lambda user: User.objects.update(is_active=False),
    ],
)
def test_a_sign_in_that_no_longer_holds_ends_the_connection(
    log: EventLog, boss: str, change: Callable[[User], object]
) -> None:
    user = User.objects.get()

    async def talk(one: Talk) -> None:
        await one.ask("subscribe", log="plant")
        await in_thread(change, user)
        assert (await one.wait_for("ended"))["reason"] == "signed-out"
        assert await one.closed_with() == 4401

    run(talk, authorization=boss)


def test_who_does_not_acknowledge_for_too_long_is_hung_up_on(
    log: EventLog, boss: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "TOO_SLOW_S", 0.3)

    async def talk(one: Talk) -> None:
        await one.ask("subscribe", log="plant")
        assert await one.closed_with() == 4408

    run(talk, authorization=boss)


def test_who_never_acknowledges_by_agreement_is_sent_one_message_a_second(log: EventLog, boss: str) -> None:
    model = MinedModel.objects.get()

    async def talk(one: Talk) -> None:
        await one.ask("subscribe", log="plant", ack=False, rate_hz=20)
        await one.wait_for("snapshot")
        came = []
        for version in (2, 5):
            await in_thread(paint, model, version)
            assert (await one.wait_for("delta"))["version"] == version
            came.append(time.monotonic())
        assert came[1] - came[0] > protocol.NO_ACK_INTERVAL_S * 0.7

    run(talk, authorization=boss)


def test_a_flood_of_messages_ends_the_connection_but_acknowledging_does_not(
    log: EventLog, boss: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "MESSAGES_AT_ONCE", 5.0)
    monkeypatch.setattr(protocol, "MESSAGES_PER_S", 0.1)
    model = MinedModel.objects.get()

    async def talk(one: Talk) -> None:
        await one.ask("subscribe", log="plant", rate_hz=20)
        await one.wait_for("snapshot")
        await one.send("ack", sub=1, version=1)
        for version in range(2, 9):
            await in_thread(paint, model, version)
            got = await one.wait_for("delta")
            await one.send("ack", sub=1, version=got["version"])
        for _ in range(6):
            await one.send("ack", sub=1, version=8)  # again and again
        assert await one.closed_with() == 4429

    run(talk, authorization=boss)


def test_a_stranger_is_hung_up_on(log: EventLog, boss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "AUTH_S", 0.2)

    async def silent(one: Talk) -> None:
        assert await one.closed_with() == 4401

    run(silent)
    run(silent, authorization="Token pm_of_nobody")
    run(silent, cookie="procmine_session=stolen", origin="http://evil.example")

    async def twice(one: Talk) -> None:
        assert (await one.ask("auth", token=boss.split()[1]))["ok"]
        assert (await one.ask("auth", token=boss.split()[1]))["problem"]["status"] == 409

    run(twice)


@pytest.mark.parametrize(("name", "code"), [("LIVE_CONNECTIONS", 1013), ("LIVE_CONNECTIONS_A_USER", 4429)])
def test_one_connection_too_many_is_refused(log: EventLog, boss: str, name: str, code: int) -> None:
    async def talk(one: Talk) -> None:
        assert await one.closed_with() == code

    with override_settings(**{name: 0}):
        run(talk, authorization=boss)


def test_strangers_who_wait_are_bounded_and_those_who_left_leave_room() -> None:
    door = Admission()
    assert [door.enter(number) for number in range(STRANGERS + 1)] == [True] * STRANGERS + [False]
    assert door.sign_in(0, user=1) is None
    assert door.enter("next")
    door.leave(0)
    door.leave("next")
    assert door.enter("again")


def test_an_allowance_fills_again() -> None:
    bucket = Allowance(per_s=1000.0, most=2.0)
    assert [bucket.take(), bucket.take(), bucket.take()][:2] == [True, True]
    bucket.at -= 1
    assert bucket.take()


def test_events_that_fill_a_message_are_skipped_and_counted() -> None:
    tail = LogTail("events")
    tail.grow(10, [(number, {"seq": number, "text": "x" * 240_000}) for number in range(1, 11)])
    message = json.loads(tail.message(1, tail.newest().__class__(), frozenset()) or "")
    assert [row["seq"] for row in message["events"]] == [7, 8, 9, 10]
    assert message["skipped"] == 6


def test_the_server_says_when_it_restarts(log: EventLog, boss: str) -> None:
    async def conversation() -> None:
        one = Talk(authorization=boss)
        assert (await one.socket.connect(timeout=10))[0]
        await one.ask("subscribe", log="plant")
        one.socket.future.cancel()
        assert await one.closed_with() == 1012
        await one.socket.send_input({"type": "websocket.disconnect", "code": 1012})
        with pytest.raises(asyncio.CancelledError):
            await one.socket.future

    asyncio.run(conversation())
    assert not consumers.admission._users
