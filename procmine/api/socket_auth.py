"""Sign-in of the live socket: ``scope["user"]``, ``scope["token"]`` and ``scope["sign_in"]``.

By session cookie only where ``Origin`` is an allowed host: any page of the web can make a browser open a socket with
our cookie. By ``Authorization: Token …`` from clients that are no browsers. Never by the URL.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlparse

from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from channels.security.websocket import OriginValidator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from procmine.api.authentication import user_of_token

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class SocketAuth:
    """Around the socket's application; ``scope["sign_in"](text)`` signs in by a token sent as the first message.

    It answers ``(user, token)`` or None, as `user_of_token`; ``scope["token"]`` is None for a session.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.by_cookie = AuthMiddlewareStack(app)
        self.origins = OriginValidator(app, settings.ALLOWED_HOSTS)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        sign_in = database_sync_to_async(user_of_token)
        scope = {**scope, "token": None, "sign_in": sign_in}
        headers = dict(scope.get("headers", []))
        kind, _, text = headers.get(b"authorization", b"").decode("latin-1").strip().partition(" ")
        if kind.lower() == "token":
            user, token = await sign_in(text.strip()) or (AnonymousUser(), None)
            await self.app({**scope, "user": user, "token": token}, receive, send)
        elif self._own_page(headers.get(b"origin")):
            await self.by_cookie(scope, receive, send)
        else:
            await self.app({**scope, "user": AnonymousUser()}, receive, send)

    def _own_page(self, origin: bytes | None) -> bool:
        if origin is None:
            return False
        try:
            parsed = urlparse(origin.decode("ascii"))
            return bool(parsed.hostname) and bool(self.origins.valid_origin(parsed))
        except (UnicodeDecodeError, ValueError):
            return False
