"""The live socket: translates messages; the feed knows what changed."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from foundation.access import Token, User
from live.socket import messages, protocol, queries
from live.socket.admission import Admission, Allowance
from live.socket.feed import feed
from live.socket.messages import Reason
from live.socket.protocol import ProblemError
from live.socket.queries import Visible
from live.socket.subscriptions import Subscription

HANG_UP_S = 1.0  # to answer our closing before the process ends
admission = Admission()


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """One connection, up to twenty subscriptions."""

    scope: dict[str, Any]

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """One message after the other. Channels' own dispatch goes through a thread for each of them."""
        self.scope, self.base_send = scope, send
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                if message["type"] == "websocket.connect":
                    await self.connect()
                else:
                    await self.receive(message.get("text"), message.get("bytes"))
        except asyncio.CancelledError:  # the server stops
            await self.close(protocol.RESTARTING)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HANG_UP_S):
                    while (await receive())["type"] != "websocket.disconnect":
                        pass
            raise
        finally:
            self.left()

    async def connect(self) -> None:
        """Accept everybody; who is not signed in has 10 s to do that."""
        self.subscriptions: dict[int, Subscription] = {}
        self.next_sub = 1
        self.closing = False
        self.allowance = Allowance(protocol.MESSAGES_PER_S, protocol.MESSAGES_AT_ONCE)
        self.tasks = {asyncio.create_task(self._heartbeat())}
        offered = self.scope.get("subprotocols", [])
        await self.accept(protocol.SUBPROTOCOL if protocol.SUBPROTOCOL in offered else None)
        if not admission.enter(self):
            await self.hang_up(protocol.OVERLOADED)
        elif self.scope["user"].is_authenticated:
            await self._signed_in()
        elif any(name == b"authorization" for name, _ in self.scope["headers"]):
            await self.hang_up(protocol.NOT_SIGNED_IN)
        else:
            self.tasks.add(asyncio.create_task(self._wait_for_auth()))

    def left(self) -> None:
        """The connection is gone."""
        for task in getattr(self, "tasks", ()):
            task.cancel()
        for subscription in getattr(self, "subscriptions", {}).values():
            feed().remove(subscription)
        admission.leave(self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.closing:
            return
        if text_data is None:
            await self.hang_up(protocol.NOT_UNDERSTOOD)
            return
        if len(text_data) > protocol.MAX_FRAME or len(text_data.encode("utf-8", "replace")) > protocol.MAX_FRAME:
            await self.hang_up(protocol.TOO_LARGE)
            return
        id_ = None
        counts = True
        try:
            message = protocol.parse(text_data)
            id_ = message.id if hasattr(message, "id") else None
            counts = not await self._answer(message)
        except ProblemError as error:
            await self.tell(messages.failure(error.id if id_ is None else id_, error))
        if counts and not self.allowance.take():
            await self.hang_up(protocol.TOO_MANY)

    async def _answer(self, message: protocol.AnyMessage) -> bool:
        """Do what is asked; True where it was an acknowledgement that we waited for."""
        if not (self.scope["user"].is_authenticated or isinstance(message, protocol.Auth)):
            raise ProblemError(401, 'Sign in first: {"type":"auth","token":"…"}.')
        return bool(await getattr(self, f"on_{type(message).__name__.lower()}")(message))

    # --- what the feed asks of a client -----------------------------------------------

    @property
    def viewer(self) -> Hashable:
        """Whose connection it is."""
        token, session = self.scope["token"], self.scope.get("session")
        return (self.scope["user"].pk, token and token.pk, None if token else session and session.session_key)

    def who(self) -> tuple[User, Token] | None:
        """Whose it is by now; see `accounts.socket_auth.who`."""
        found: tuple[User, Token] | None = self.scope["who"](self.scope)
        return found

    async def tell(self, text: str) -> None:
        """Send one frame, unless we have closed the connection."""
        if not self.closing:
            await self.base_send({"type": "websocket.send", "text": text})

    async def hang_up(self, code: int) -> None:
        """Close the connection; nothing is sent after that."""
        if not self.closing:
            self.closing = True
            for subscription in self.subscriptions.values():
                feed().remove(subscription)
            await self.close(code)

    async def ended(self, subscription: Subscription, reason: Reason, detail: str) -> None:
        """The feed has forgotten a subscription."""
        self.subscriptions.pop(subscription.sub, None)
        await self.tell(messages.encode(messages.Ended(subscription.sub, reason, detail)))

    # --- sign-in and life of the connection -------------------------------------------

    async def _signed_in(self) -> None:
        refused = admission.sign_in(self, self.scope["user"].pk)
        if refused is not None:
            await self.hang_up(refused)
            return
        log = self.scope["url_route"]["kwargs"].get("log")
        if log is not None:
            try:
                await self.on_subscribe(protocol.Subscribe(log=log, include=["model", "moves", "health"]))
            except ProblemError as error:
                await self.tell(messages.failure(None, error))
                await self.hang_up(protocol.FORBIDDEN)

    async def _wait_for_auth(self) -> None:
        await asyncio.sleep(protocol.AUTH_S)
        if not self.scope["user"].is_authenticated:
            await self.hang_up(protocol.NOT_SIGNED_IN)

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(protocol.HEARTBEAT_S)
            shown = {
                str(sub): track.shown.version
                for sub, one in self.subscriptions.items()
                if (track := one.tracks.get("version")) is not None
            }
            await self.tell(messages.encode(messages.Heartbeat(messages.now(), shown)))

    # --- what a client asks -----------------------------------------------------------

    async def on_auth(self, message: protocol.Auth) -> None:
        """Sign in with a token; ``sign_in`` is put into the scope by the application."""
        if self.scope["user"].is_authenticated:
            raise ProblemError(409, "This connection is signed in.")
        found = await self.scope["sign_in"](message.token)
        if found is None:
            await self.tell(messages.failure(message.id, ProblemError(401, "This token is not valid.")))
            await self.hang_up(protocol.NOT_SIGNED_IN)
            return
        self.scope["user"], self.scope["token"] = found
        await self.tell(messages.encode(messages.Result(ok=True, id=message.id)))
        await self._signed_in()

    async def on_subscribe(self, message: protocol.Subscribe) -> None:
        """Begin to follow a model: the answer names the subscription, its picture comes next."""
        if len(self.subscriptions) >= settings.LIVE_SUBSCRIPTIONS:
            raise ProblemError(429, f"A connection has at most {settings.LIVE_SUBSCRIPTIONS} subscriptions.")
        include = frozenset(message.include)
        seen = await self._visible(message.log, message.model, include)
        subscription = Subscription(
            sub=self.next_sub,
            client=self,
            log=seen.log,
            slug=seen.slug,
            model=seen.model,
            include=include,
            interval_s=0.0,
            acknowledges=message.ack,
        )
        subscription.rate(message.rate_hz)
        self.next_sub += 1
        self.subscriptions[subscription.sub] = subscription
        await self.tell(
            messages.encode(messages.Result(ok=True, id=message.id, sub=subscription.sub, model=seen.model))
        )
        await feed().add(subscription, seen.picture, message.resume)

    async def _visible(self, log: str, model: int | None, include: frozenset[str]) -> Visible:
        """What a subscription may be about, by the rights of now."""
        who = await database_sync_to_async(self.who)()
        if who is None:
            await self.hang_up(protocol.NOT_SIGNED_IN)
            raise ProblemError(401, "The token or session is no longer valid.")
        seen: Visible | None = await database_sync_to_async(queries.visible)(*who, log, model)
        if seen is None or (seen.model is None and include & {"model", "moves"}):
            raise ProblemError(404, f"No such log, or no such model of it: {log}.")
        if "rejections" in include and not seen.rejections:
            raise ProblemError(403, "To see what was refused one must be allowed to see all streams and logs.")
        return seen

    def _own(self, sub: int) -> Subscription:
        subscription = self.subscriptions.get(sub)
        if subscription is None:
            raise ProblemError(404, f"This connection has no subscription {sub}.")
        return subscription

    async def on_configure(self, message: protocol.Configure) -> None:
        """Pause, go on, change rate or content."""
        subscription = self._own(message.sub)
        if message.include is not None:
            include = frozenset(message.include)
            await self._visible(subscription.slug, subscription.model, include)
            if "model" in include - subscription.include and (track := subscription.tracks.get("version")):
                track.restart()  # it never was sent the nodes
            subscription.include = include
        if message.paused is not None:
            subscription.paused, subscription.waiting = message.paused, 0
        if message.rate_hz is not None:
            subscription.rate(message.rate_hz)
        await self.tell(messages.encode(messages.Result(ok=True, id=message.id, sub=message.sub)))
        if subscription.alive:
            await feed().changed(subscription)

    async def on_unsubscribe(self, message: protocol.Unsubscribe) -> None:
        """End a subscription."""
        feed().remove(self._own(message.sub))
        del self.subscriptions[message.sub]
        await self.tell(messages.encode(messages.Result(ok=True, id=message.id, sub=message.sub)))

    async def on_ack(self, message: protocol.Ack) -> bool:
        """Credit for more; True where it was awaited. One for what has just ended is no mistake."""
        subscription = self.subscriptions.get(message.sub)
        if subscription is None and message.sub >= self.next_sub:
            self._own(message.sub)
        return subscription is not None and await feed().acknowledged(subscription, message)

    async def on_resync(self, message: protocol.Resync) -> None:
        """Send the whole picture."""
        await feed().resync(self._own(message.sub))

    async def on_ping(self, message: protocol.Ping) -> None:
        """Answer."""
        await self.tell(messages.encode(messages.Pong(message.id)))
