"""The live socket: translates messages; the feed knows what changed."""

import asyncio
from collections import Counter
from typing import ClassVar

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from live import protocol, queries
from live.feed import Subscription, feed
from live.protocol import ProblemError


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """One connection, up to twenty subscriptions."""

    connections: ClassVar[Counter[int]] = Counter()  # of this process, by user

    async def connect(self) -> None:
        self.subscriptions: dict[int, Subscription] = {}
        self.next_sub = 1
        self.counted_as: int | None = None
        self.tasks = {asyncio.create_task(self._heartbeat())}
        offered = self.scope.get("subprotocols", [])
        await self.accept(protocol.SUBPROTOCOL if protocol.SUBPROTOCOL in offered else None)
        if self.scope["user"].is_authenticated:
            await self._signed_in()
        else:
            self.tasks.add(asyncio.create_task(self._wait_for_auth()))

    async def disconnect(self, code: int) -> None:
        for task in self.tasks:
            task.cancel()
        for subscription in self.subscriptions.values():
            feed().remove(subscription)
        self.subscriptions.clear()
        if self.counted_as is not None:
            self.connections[self.counted_as] -= 1
            if not self.connections[self.counted_as]:
                del self.connections[self.counted_as]

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data is None:
            await self.close(protocol.NOT_UNDERSTOOD)
            return
        if len(text_data.encode("utf-8", "replace")) > protocol.MAX_FRAME:
            await self.close(protocol.TOO_LARGE)
            return
        id_ = None
        try:
            message = protocol.parse(text_data)
            id_ = getattr(message, "id", None)
            await self._answer(message)
        except ProblemError as error:
            await self.send(protocol.failure(id_, error))

    async def _answer(self, message: protocol.AnyMessage) -> None:
        if not (self.scope["user"].is_authenticated or isinstance(message, protocol.Auth)):
            raise ProblemError(401, 'Sign in first: {"type":"auth","token":"…"}.')
        await getattr(self, f"on_{type(message).__name__.lower()}")(message)

    # --- sign-in and life of the connection -------------------------------------------

    async def _signed_in(self) -> None:
        user = self.scope["user"].pk
        if sum(self.connections.values()) >= protocol.MAX_CONNECTIONS or (
            self.connections[user] >= protocol.MAX_CONNECTIONS_A_USER
        ):
            await self.close(protocol.TOO_MANY)
            return
        self.connections[user] += 1
        self.counted_as = user
        log = self.scope["url_route"]["kwargs"].get("log")
        if log is not None:
            try:
                await self._subscribe(protocol.Subscribe(log=log, include=["model", "moves", "health"]))
            except ProblemError as error:
                await self.send(protocol.failure(None, error))
                await self.close(protocol.FORBIDDEN)

    async def _wait_for_auth(self) -> None:
        await asyncio.sleep(protocol.AUTH_S)
        if not self.scope["user"].is_authenticated:
            await self.close(protocol.NOT_SIGNED_IN)

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(protocol.HEARTBEAT_S)
            shown = {str(sub): one.version for sub, one in self.subscriptions.items()}
            await self.send(protocol.encode("heartbeat", at=protocol.now(), version=shown))

    # --- what a client asks -----------------------------------------------------------

    async def on_auth(self, message: protocol.Auth) -> None:
        """Sign in with a token; ``sign_in`` is put into the scope by the application."""
        if self.counted_as is not None:
            raise ProblemError(409, "This connection is signed in.")
        found = await self.scope["sign_in"](message.token)
        if found is None:
            await self.send(protocol.failure(message.id, ProblemError(401, "This token is not valid.")))
            await self.close(protocol.NOT_SIGNED_IN)
            return
        self.scope["user"], self.scope["token"] = found
        await self.send(protocol.result(message.id))
        await self._signed_in()

    async def on_subscribe(self, message: protocol.Subscribe) -> None:
        """Begin to follow a model: the answer names the subscription, its picture comes next."""
        await self._subscribe(message)

    async def _subscribe(self, message: protocol.Subscribe) -> None:
        if len(self.subscriptions) >= protocol.MAX_SUBSCRIPTIONS:
            raise ProblemError(429, f"A connection has at most {protocol.MAX_SUBSCRIPTIONS} subscriptions.")
        find = database_sync_to_async(queries.visible)
        seen = await find(self.scope["user"], self.scope.get("token"), message.log, message.model)
        if seen is None:
            raise ProblemError(404, f"No such log, or no such model of it: {message.log}.")
        interval_s = 1 / message.rate_hz
        subscription = Subscription(
            sub=self.next_sub,
            model=seen.model,
            log=seen.log,
            send=self.send,
            close=self.close,
            include=frozenset(message.include),
            interval_s=interval_s if message.ack else max(interval_s, protocol.NO_ACK_INTERVAL_S),
            acknowledges=message.ack,
        )
        shown = message.resume
        if shown is not None and seen.picture is not None and shown.version <= seen.picture["version"]:
            subscription.epoch, subscription.version = shown.epoch, shown.version
        self.next_sub += 1
        self.subscriptions[subscription.sub] = subscription
        await self.send(protocol.result(message.id, sub=subscription.sub, model=seen.model))
        await feed().add(subscription, seen.picture)

    def _own(self, sub: int) -> Subscription:
        subscription = self.subscriptions.get(sub)
        if subscription is None:
            raise ProblemError(404, f"This connection has no subscription {sub}.")
        return subscription

    async def on_configure(self, message: protocol.Configure) -> None:
        """Pause, go on, change rate or content."""
        subscription = self._own(message.sub)
        if message.paused is not None:
            subscription.paused = message.paused
        if message.rate_hz is not None:
            least = 0.0 if subscription.acknowledges else protocol.NO_ACK_INTERVAL_S
            subscription.interval_s = max(1 / message.rate_hz, least)
        if message.include is not None:
            subscription.include = frozenset(message.include)
        await self.send(protocol.result(message.id, sub=message.sub))
        await feed().changed(subscription)

    async def on_unsubscribe(self, message: protocol.Unsubscribe) -> None:
        """End a subscription."""
        feed().remove(self._own(message.sub))
        del self.subscriptions[message.sub]
        await self.send(protocol.result(message.id, sub=message.sub))

    async def on_ack(self, message: protocol.Ack) -> None:
        """Credit for one more message."""
        await feed().acknowledged(self._own(message.sub), message.version)

    async def on_resync(self, message: protocol.Resync) -> None:
        """Send the whole picture."""
        await feed().resync(self._own(message.sub))

    async def on_ping(self, message: protocol.Ping) -> None:
        """Answer."""
        await self.send(protocol.encode("pong", **({} if message.id is None else {"id": message.id})))
