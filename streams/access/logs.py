"""Access to logs: the permissions of a user for all logs, and the grants for single ones.

What a user may do with a log is asked here and nowhere else: with a log all the permissions of the model say, as
``view_eventlog``, and with a single one what a `LogGrant` says.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.http import Http404
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, DjangoModelPermissions
from rest_framework.request import Request

from foundation.access import SignedIn, Token, User, holds, limited, token_of
from streams.models import EventLog, LogGrant, Rejection

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which itself imports this module


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


def log_for(request: Request, slug: str, action: str = "view") -> EventLog:
    """The log called ``slug``; Http404 unless it may be seen (or acted on), PermissionDenied if only seen."""
    log = seen_by(request, action).filter(slug=slug).first()
    if log is None:
        if seen_by(request).filter(slug=slug).exists():
            raise PermissionDenied(f"You may see the log {slug}, but not {action} it.")
        raise Http404(f"There is no log called {slug}.")
    return log


def must_change(request: Request, log: EventLog) -> None:
    """Raise PermissionDenied unless what belongs to the log may be changed."""
    if not seen_by(request, "change").filter(pk=log.pk).exists():
        raise PermissionDenied(f"You may see the log {log.slug}, but not change what belongs to it.")


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
