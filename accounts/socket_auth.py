"""Sign-in of the live socket: ``scope["user"]``, ``scope["token"]``, ``scope["sign_in"]`` and ``scope["who"]``.

By session cookie only where ``Origin`` is an allowed host: any page of the web can make a browser open a socket with
our cookie. By ``Authorization: Token …`` from clients that are no browsers. Never by the URL.
"""

from collections.abc import Awaitable, Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlparse

from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from channels.security.websocket import OriginValidator
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest

from accounts.authentication import user_of_token
from foundation.access import Token, User, current

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class SocketAuth:
    """Around the socket's application; ``scope["sign_in"](text)`` signs in by a token sent as the first message.

    It answers ``(user, token)`` or None, as `user_of_token`; ``scope["token"]`` is None for a session.
    ``scope["who"](scope)`` is `who`, for whoever keeps a connection open.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.by_cookie = AuthMiddlewareStack(app)
        self.origins = OriginValidator(app, settings.ALLOWED_HOSTS)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        sign_in = database_sync_to_async(user_of_token)
        scope = {**scope, "token": None, "sign_in": sign_in, "who": who}
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


def who(scope: dict[str, Any]) -> tuple[User, Token] | None:
    """Whose connection it is by now, with the permissions of now; None if the sign-in no longer holds.

    That is: a token that has expired or was revoked, a session that ended, a changed password, an inactive user.
    Synchronous: it reads the database.
    """
    if scope["token"] is not None:
        return current(scope["user"], scope["token"])
    if "session" not in scope:
        return None
    store = import_module(settings.SESSION_ENGINE).SessionStore(scope["session"].session_key)
    user = get_user(cast("HttpRequest", SimpleNamespace(session=store)))
    return (user, None) if isinstance(user, AbstractBaseUser) else None
