"""Who may do what: a token's scopes and logs, and the permissions of its user or of a browser session.

A session has all scopes; a token (``request.auth``) has those it was made with, and if it names logs, it opens these
only. What a user may do with a log is asked here and nowhere else: with a log all the permissions of the model say, as
``view_eventlog``, and with a single one what a `LogGrant` says.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission, DjangoModelPermissions
from rest_framework.request import Request

from streams.models import EventLog, LogGrant, Rejection

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which itself imports this module


READ, INGEST, CONTROL = "read", "ingest", "control"
SCOPES = (READ, INGEST, CONTROL)


class _Logs(Protocol):
    def all(self) -> "QuerySet[EventLog]": ...


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


def logs_of(user: User, token: Token = None, action: str = "view") -> "QuerySet[EventLog]":
    """The logs on which ``action`` (view, ingest, change, delete) is allowed."""
    logs = EventLog.objects.all()
    if not holds(user, f"streams.{action}_eventlog"):
        logs = logs.filter(pk__in=LogGrant.objects.of(user, action).values("log"))
    if token is not None and token.limited:
        logs = logs.filter(pk__in=token.logs.all().values("pk"))
    return logs


def seen_by(request: Request, action: str = "view") -> "QuerySet[EventLog]":
    """`logs_of` whoever makes the request."""
    return logs_of(request.user, token_of(request), action)


def lacking(user: User, token: Token, log: EventLog, actions: Iterable[str]) -> list[str]:
    """Those of ``actions`` that are not allowed on the log: nobody gives them to others."""
    return [action for action in actions if not logs_of(user, token, action).filter(pk=log.pk).exists()]


def may_feed(user: User, token: Token, log: EventLog | None) -> bool:
    """Whether a stream into ``log`` may be set up: it sends events there. None: into logs of any name."""
    if log is None:
        return holds(user, "streams.ingest_eventlog") and not limited(token)
    return logs_of(user, token, "ingest").filter(pk=log.pk).exists()


def rejections_of(user: User, token: Token = None) -> "QuerySet[Rejection]":
    """The refused messages whose log may be viewed: they show what was meant for it.

    Those of a stream into logs by process name are for those who may view every log.
    """
    if holds(user, "streams.view_eventlog") and not limited(token):
        return Rejection.objects.all()
    logs = logs_of(user, token)
    return Rejection.objects.filter(Q(stream__log__in=logs) | Q(imported__log__in=logs))


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


def log_for(request: Request, slug: str, action: str = "view") -> EventLog:
    """The log called ``slug``; Http404 unless it may be seen (or acted on), PermissionDenied if only seen."""
    log = seen_by(request, action).filter(slug=slug).first()
    if log is None:
        if seen_by(request).filter(slug=slug).exists():
            raise PermissionDenied(f"You may see the log {slug}, but not {action} it.")
        raise Http404(f"There is no log called {slug}.")
    return log


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


class SetupPermission(SignedIn, DjangoModelPermissions):
    """For brokers and streams: the model permission too, also to look; a token limited to logs sees none."""

    perms_map = {
        **DjangoModelPermissions.perms_map,
        **{method: ["%(app_label)s.view_%(model_name)s"] for method in SAFE_METHODS},
    }

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not SignedIn.has_permission(self, request, view):
            return False
        if limited(token_of(request)):
            raise PermissionDenied("This token is limited to some logs; brokers and streams are not for it.")
        permissions: Mapping[str, list[str]] = getattr(view, "permissions_of", {})
        needed = permissions.get(getattr(view, "action", None) or "")
        if needed is not None:
            return all(holds(request.user, permission) for permission in needed)
        return DjangoModelPermissions.has_permission(self, request, view)


class SeesAll(SignedIn):
    """For figures of the whole installation: every broker, stream and log may be seen."""

    needed = ("streams.view_broker", "streams.view_stream", "streams.view_eventlog")

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not super().has_permission(request, view) or limited(token_of(request)):
            return False
        return all(holds(request.user, permission) for permission in self.needed)


class LogPermission(SignedIn):
    """For a log and what belongs to it: the queryset holds what may be seen, this asks for what is to be done."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not super().has_permission(request, view):
            return False
        if getattr(view, "action", None) != "create":
            return True
        if getattr(view, "creates_logs", False):
            return holds(request.user, "streams.add_eventlog") and not limited(token_of(request))
        return seen_by(request, "change").exists()

    def has_object_permission(self, request: Request, view: "APIView", obj: Any) -> bool:
        if request.method in SAFE_METHODS:
            return True
        log = obj if isinstance(obj, EventLog) else obj.log
        action = "delete" if isinstance(obj, EventLog) and request.method == "DELETE" else "change"
        return seen_by(request, action).filter(pk=log.pk).exists()
