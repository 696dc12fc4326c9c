"""Streams registered, changed, started, stopped and removed: one function each, for pages, API and admin alike."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from foundation.access import User, holds
from foundation.errors import DomainError
from streams.events.store import free_slug, open_log
from streams.models import Broker, Stream

COUNTS = ["received", "stored", "duplicates", "rejected", "ignored", "mended"]


class ArchivedStreamError(DomainError):
    """An archived stream is to be changed or started."""

    code = "stream-archived"
    text = "This stream is archived: it only tells where its events came from. Register a new one."


class AnyLogError(DomainError):
    """Somebody who may not send events to every log sets up a stream into logs of any name."""

    code, status = "log-required", 400
    text = "Name a log: you may not send events to those of any name."


@contextmanager
def _setup_lock() -> Iterator[None]:
    """One change of streams at a time: two that overlap cannot both find the way free."""
    with transaction.atomic():
        list(Broker.objects.select_for_update().order_by("pk").values_list("pk"))
        yield


def refuse_archived(stream: Stream) -> None:
    """Raise ArchivedStreamError where the stream is archived."""
    if stream.archived_at is not None:
        raise ArchivedStreamError


def save_stream(stream: Stream, by: User, *, new_log: str = "", **values: Any) -> Stream:
    """Register a stream, or change these values of one, and open the log ``new_log`` for it if it has a name.

    Raises ValidationError where the rules of streams forbid it, ArchivedStreamError, AnyLogError.
    """
    with _setup_lock():
        if stream.pk is not None:
            stream.refresh_from_db()
            refuse_archived(stream)
        for name, value in values.items():
            setattr(stream, name, value)
        if new_log:
            stream.log = open_log(new_log)
        if stream.log is None and not holds(by, "streams.ingest_eventlog"):
            raise AnyLogError(field="log")
        stream.clean()
        stream.slug = stream.slug or free_slug(stream.name, Stream)
        stream.save()
    return stream


def start_stream(stream: Stream, by: User) -> None:
    """Begin to record; raises as `save_stream`."""
    save_stream(stream, by, enabled=True)


def stop_stream(stream: Stream) -> None:
    """Record no more; what is recorded stays. Raises ArchivedStreamError."""
    with _setup_lock():
        stream.refresh_from_db()
        refuse_archived(stream)
        stream.enabled = False
        stream.save(update_fields=["enabled"])


def remove_stream(stream: Stream) -> bool:
    """Delete a stream that never received anything; archive any other, and say so by True.

    Events and rejections tell by the row where they came from, so it stays, stopped for good.
    """
    with _setup_lock():
        stream.refresh_from_db()
        if not stream.received:
            with suppress(ProtectedError), transaction.atomic():  # a counter may be behind, a key is not
                stream.delete()
                return False
        if stream.archived_at is None:
            stream.enabled = False
            stream.archived_at = timezone.now()
            stream.save(update_fields=["enabled", "archived_at"])
        return True
