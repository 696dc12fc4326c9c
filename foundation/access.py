"""Access: the scopes of tokens, the permissions of users, and the base of all permission classes.

A session has all scopes; a token (``request.auth``) has those it was made with, and if it names logs, it opens these
only.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which itself imports this module


READ, INGEST, CONTROL = "read", "ingest", "control"
SCOPES = (READ, INGEST, CONTROL)


class _Logs(Protocol):
    def all(self) -> "QuerySet[Any]": ...


class Grant(Protocol):
    """What a token allows."""

    scopes: list[str]
    limited: bool  # to `logs`, of which some or all may be deleted since

    @property
    def logs(self) -> _Logs:
        """The only logs it opens where it is limited; else all that its user may see."""


User = AbstractBaseUser | AnonymousUser
Token = Grant | None  # None: a browser session


def token_of(request: Request) -> Token:
    """The token a request came with; None for a browser session."""
    return cast("Token", request.auth)


def limited(token: Token) -> bool:
    """Whether the token names the only logs it opens."""
    return token is not None and token.limited


def holds(user: User, permission: str) -> bool:
    """Whether the user has a model permission, as ``streams.view_broker``."""
    return isinstance(user, PermissionsMixin) and user.has_perm(permission)


def current(user: User, token: Token) -> tuple[User, Token] | None:
    """Both as they are at this moment, permissions not remembered; None once the user left or the token ended.

    For what outlives a request: a live socket asks again every few seconds.
    """
    if user.pk is None:
        return None
    now = get_user_model().objects.filter(pk=user.pk, is_active=True).first()
    if now is None or token is None:
        return None if now is None else (now, None)
    row: Any = token
    still = type(row).objects.filter(pk=row.pk, expiry__gt=timezone.now()).first()
    return None if still is None else (now, still)


def scope_of(request: Request, view: "APIView") -> str:
    """The scope a token needs: ``read`` to look, ``control`` to change, unless the view's ``scopes`` say other."""
    scopes: Mapping[str, str] = getattr(view, "scopes", {})
    return scopes.get(request.method or "", READ if request.method in SAFE_METHODS else CONTROL)


class SignedIn(BasePermission):
    """A user is known, and a token has the scope. The default of every route."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        scope = scope_of(request, view)
        token = token_of(request)
        if token is not None and scope not in token.scopes:
            raise PermissionDenied(f"This token lacks the scope {scope}.")
        return True
