"""What a client shows at a version is the picture of that version, whatever was lost, doubled, reordered or restarted.

A state machine around the real feed and consumer: pictures are saved in the database, the network between server and
clients is a list that the machine tampers with. SOCKET_RUNS=1000 runs it more often (`make socket`).
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.db import connections
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from foundation.processes import hints
from live.socket.consumers import LiveConsumer
from live.socket.feed import feed
from models_mining.mined_models.pictures import Picture, apply, next_picture, snapshot
from models_mining.models import MinedModel
from streams.models import EventLog

RUNS = int(os.environ.get("SOCKET_RUNS", "12"))
AT = "2026-01-02T10:00:00+00:00"
CLIENTS = st.integers(0, 1)
Value = TypeVar("Value")
drawings = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 3)), max_size=6, unique_by=lambda e: e[:2]
)


def shown_as(picture: Picture) -> Any:
    """What can be seen of a picture, whatever the order of its rows."""
    nodes = {row["id"]: row for row in picture["nodes"]}
    edges = {(row["s"], row["t"]): row for row in picture["edges"]}
    return nodes, edges, picture["seq"], picture["structure"]


class Client:
    """Behaves as docs/live-socket.md asks for; ``wire`` is what the network has not delivered."""

    def __init__(self) -> None:
        self.socket: WebsocketCommunicator | None = None
        self.sub: int | None = None
        self.shown: Picture | None = None
        self.wire: list[dict[str, Any]] = []
        self.paused = False

    async def connect(self, user: User) -> None:
        await self.leave()
        self.socket = WebsocketCommunicator(LiveConsumer.as_asgi(), "/ws/live/", subprotocols=["procmine.v1"])
        who = {"user": user, "token": None, "who": lambda scope: (user, None), "url_route": {"kwargs": {}}}
        self.socket.scope.update(who)
        assert await self.socket.connect(timeout=10)
        await self.subscribe()

    async def leave(self) -> None:
        """The line breaks: what was under way is lost."""
        self.wire.clear()
        self.sub, self.paused = None, False
        if self.socket is not None:
            await self.socket.disconnect(timeout=10)
            self.socket = None

    async def subscribe(self) -> None:
        message: dict[str, Any] = {"type": "subscribe", "id": 1, "log": "machine", "rate_hz": 20}
        if self.shown is not None:
            message["resume"] = {"epoch": self.shown["epoch"], "version": self.shown["version"]}
        await self.send(**message)
        await until(lambda: self.take_result() or None)
        for one in feed()._subscriptions:
            one.interval_s = 0.001  # the machine has no time for twenty a second

    def take_result(self) -> bool:
        self.pull()
        for message in [one for one in self.wire if one["type"] == "result"]:
            self.wire.remove(message)  # others answer what was asked of a subscription that has ended meanwhile
            if message.get("id") == 1:
                assert message["ok"], message
                self.sub = message["sub"]
                return True
        return False

    async def send(self, **message: Any) -> None:
        assert self.socket is not None
        await self.socket.send_to(text_data=msgspec.json.encode(message).decode())

    def pull(self) -> None:
        """From the server into the wire."""
        assert self.socket is not None
        while not self.socket.output_queue.empty():
            sent = self.socket.output_queue.get_nowait()
            assert sent["type"] == "websocket.send", sent
            self.wire.append(msgspec.json.decode(sent["text"]))

    async def receive(self, message: dict[str, Any]) -> None:
        """One message arrives."""
        kind = message["type"]
        if kind == "ended" and message["sub"] == self.sub:
            assert message["reason"] == "rebuilt"
            self.wire = [one for one in self.wire if one.get("sub") != self.sub]
            self.paused = False
            await self.subscribe()
        elif kind == "snapshot" and message["sub"] == self.sub:
            if (
                self.shown is None
                or self.shown["epoch"] != message["epoch"]
                or self.shown["version"] <= message["version"]
            ):
                self.shown = message
            await self.send(type="ack", sub=self.sub, version=message["version"])
        elif kind == "delta" and message["sub"] == self.sub:
            if self.shown is None or self.shown["epoch"] != message["epoch"] or message["from"] > self.shown["version"]:
                await self.send(type="resync", sub=self.sub)
                return
            if message["version"] > self.shown["version"]:
                self.shown = apply(self.shown, message)
            await self.send(type="ack", sub=self.sub, version=message["version"])


async def until(condition: Callable[[], Value | None]) -> Value:
    """What ``condition`` returns as soon as that is not None."""
    deadline = time.monotonic() + 20
    while (found := condition()) is None:
        assert time.monotonic() < deadline, "nothing happened for 20 s"
        await asyncio.sleep(0.001)
    return found


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        feed.cache_clear()
        MinedModel.objects.all().delete()
        self.user = User.objects.get(username="boss")
        self.model = MinedModel.objects.create(log=EventLog.objects.get(slug="machine"), algorithm="dfg")
        self.epoch, self.version = "e1", 0
        self.picture: Picture | None = None
        self.pictures: dict[tuple[str, int], Any] = {}
        self.clients = [Client(), Client()]
        self._paint([(0, 1, 1)])
        for client in self.clients:
            self.run(client.connect(self.user))

    def run(self, work: Awaitable[Value]) -> Value:
        async def step() -> Value:
            return await work

        return self.runner.run(step())

    def _paint(self, edges: list[tuple[int, int, int]]) -> None:
        self.version += 1
        present = sorted({node for s, t, _ in edges for node in (s, t)})
        drawing: Any = {
            "kind": "graph",
            "nodes": [
                {"id": node, "label": f"a{node}", "n": sum(n for s, _, n in edges if s == node)} for node in present
            ],
            "edges": [{"s": s, "t": t, "n": n} for s, t, n in edges],
        }
        self.picture = next_picture(
            self.picture, drawing, epoch=self.epoch, version=self.version, seq=self.version, at=AT
        )
        self.pictures[self.epoch, self.version] = shown_as(snapshot(self.picture))
        rows = MinedModel.objects.filter(pk=self.model.pk)
        rows.update(epoch=self.epoch, version=self.version, seq=self.version, picture=self.picture)
        hints._known.clear()  # a listener began a moment ago
        hints.send(hints.PICTURES, self.model.pk)

    def _server_knows(self) -> bool | None:
        known = feed()._sources.get(("version", self.model.pk))
        return True if known is None or known[0].key == (self.epoch, self.version) else None  # type: ignore[union-attr]

    @rule(edges=drawings, at_once=st.booleans())
    def a_picture_is_saved(self, edges: list[tuple[int, int, int]], at_once: bool) -> None:
        self._paint(edges)
        if at_once:
            self.run(until(self._server_knows))

    @rule(edges=drawings)
    def the_model_is_rebuilt(self, edges: list[tuple[int, int, int]]) -> None:
        self.epoch = f"e{int(self.epoch[1:]) + 1}"
        self._paint(edges)

    @rule(client=CLIENTS, count=st.integers(1, 3))
    def messages_arrive(self, client: int, count: int) -> None:
        one = self.clients[client]
        one.pull()
        for _ in range(count):
            if one.wire:
                self.run(one.receive(one.wire.pop(0)))

    @rule(client=CLIENTS, place=st.integers(0, 3))
    def a_message_is_lost(self, client: int, place: int) -> None:
        one = self.clients[client]
        one.pull()
        lossy = [message for message in one.wire if message["type"] in ("snapshot", "delta")]
        if place < len(lossy):
            one.wire.remove(lossy[place])

    @rule(client=CLIENTS)
    def messages_change_places(self, client: int) -> None:
        one = self.clients[client]
        one.pull()
        one.wire.reverse()

    @rule(client=CLIENTS)
    def a_message_comes_twice(self, client: int) -> None:
        one = self.clients[client]
        one.pull()
        one.wire += one.wire[:1]

    @rule(client=CLIENTS)
    def a_line_breaks(self, client: int) -> None:
        self.run(self.clients[client].connect(self.user))

    @rule()
    def the_server_restarts(self) -> None:
        for one in self.clients:
            self.run(one.leave())
        feed.cache_clear()
        for one in self.clients:
            self.run(one.connect(self.user))

    @rule(client=CLIENTS)
    def a_client_pauses_or_goes_on(self, client: int) -> None:
        one = self.clients[client]
        one.paused = not one.paused
        self.run(one.send(type="configure", sub=one.sub, paused=one.paused))

    @precondition(lambda self: self.version > 1)
    @rule(client=CLIENTS)
    def a_client_asks_for_the_whole(self, client: int) -> None:
        one = self.clients[client]
        self.run(one.send(type="resync", sub=one.sub))

    @invariant()
    def what_is_shown_is_the_picture_of_that_version(self) -> None:
        for one in getattr(self, "clients", ()):
            if one.shown is not None:
                assert shown_as(one.shown) == self.pictures[one.shown["epoch"], one.shown["version"]]

    async def _catch_up(self, one: Client) -> None:
        await one.send(type="configure", sub=one.sub, paused=False)
        await until(self._server_knows)
        await one.send(type="resync", sub=one.sub)  # a lost message is noticed by the version of a heartbeat
        deadline = time.monotonic() + 20
        while one.shown is None or (one.shown["epoch"], one.shown["version"]) != (self.epoch, self.version):
            assert time.monotonic() < deadline, (one.shown, self.epoch, self.version, one.wire)
            one.pull()
            while one.wire:
                await one.receive(one.wire.pop(0))
                one.pull()
            await asyncio.sleep(0.001)

    def teardown(self) -> None:
        try:
            for one in self.clients:
                self.run(self._catch_up(one))
            self.what_is_shown_is_the_picture_of_that_version()
        finally:
            looker = feed()._looker
            for one in self.clients:
                self.run(one.leave())
            looker._thread.submit(connections.close_all).result(10)
            looker._thread.shutdown()
            feed.cache_clear()  # the next test's feed has a thread again
            self.runner.close()


@pytest.mark.django_db(transaction=True)
def test_what_a_client_shows_is_the_picture_of_that_version() -> None:
    User.objects.create_superuser("boss")
    EventLog.objects.create(slug="machine", name="machine")
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.generate] if RUNS > 100 else [Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
