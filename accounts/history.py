"""Who changed what people set up, and when: one row a change, kept by django-auditlog, never with a secret.

Only what people may edit is compared, so what processes write (counters, states, pictures) is no change; they write it
with ``update()``, which is not listened to at all.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.apps import apps
from django.contrib.auth.models import User
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from accounts.models import Token

KINDS = {  # what changes are kept of
    "broker": "streams.Broker",
    "stream": "streams.Stream",
    "log": "streams.EventLog",
    "republish": "streams.Republish",
    "grant": "streams.LogGrant",
    "model": "models_mining.MinedModel",
    "reference": "models_mining.ReferenceModel",
    "analysis": "models_mining.Analysis",
    "rule": "rules.Rule",
    "notifier": "rules.Notifier",
    "sheet": "sheets.Sheet",
    "schedule": "sheets.Schedule",
    "reporting app": "sheets.ReportMapping",
    "token": "accounts.Token",
    "user": "auth.User",
    "group": "auth.Group",
}
ALSO = {"archived_at", "notice"}  # are set by a verb or by the engine, not in a form
NEVER = {"last_login", "date_joined", "digest", "token_key", "last_used_at"}
SECRETS = {"password", "url", "secret"}  # that they changed is kept
_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


def register() -> None:
    """Begin to keep changes of all `KINDS` that are installed."""
    for label in KINDS.values():
        try:
            model = apps.get_model(label)
        except LookupError:
            continue
        fields = [field.name for field in model._meta.concrete_fields if field.editable or field.name in ALSO]
        auditlog.register(
            model,
            include_fields=[name for name in fields if name not in NEVER],
            mask_fields=[name for name in fields if name in SECRETS],
            m2m_fields={field.name for field in model._meta.many_to_many},
        )


def hidden(value: str) -> str:
    """What stands for a secret: whether there is one."""
    return "" if value in ("", "None") else "(hidden)"


def remember_request(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a change is by whoever makes the request; where a token tells, that is known only later."""

    def middleware(request: HttpRequest) -> HttpResponse:
        before = _request.set(request)
        try:
            return get_response(request)
        finally:
            _request.reset(before)

    return middleware


@receiver(pre_save, sender=LogEntry, dispatch_uid="who made a change")
def sign(instance: LogEntry, **_: Any) -> None:
    """Add who, from where, by which token. A token is called by what may be shown of it: its key is its hash."""
    if instance.content_type.model_class() is Token:
        instance.object_pk, instance.object_id = instance.object_repr.split("_")[1], None
    request = _request.get()
    user = getattr(request, "user", None)
    if request is None or not isinstance(user, User):
        return
    token: Token | None = getattr(request, "auth", None)
    instance.actor = user
    instance.remote_addr = request.META.get("REMOTE_ADDR") or None
    instance.additional_data = {"user": user.get_username(), "token": token and token.name}
