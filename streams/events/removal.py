"""Events that leave for good: whole cases, by what retention says, or a whole log that was archived before."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Max
from django.utils import timezone

from foundation.errors import DomainError
from streams.models import Event, EventLog, Retired, Stream

CASES = 500  # named in one statement
FORGOTTEN = timedelta(days=30)  # rows that say what was deleted; nothing that they cover is left
EVENTS = 20_000  # about as many are deleted in one transaction, so that no writer waits for long


class FedLogError(DomainError):
    """A log is to be archived while streams write into it."""

    code, text = "log-fed", "Streams still write into the log {log}: stop {streams} first."


class StreamsOfLogError(DomainError):
    """A log is to be deleted that streams name."""

    code, text = "log-named", "Streams write into the log {log}, perhaps archived ones."


class NotArchivedError(DomainError):
    """A log with events is to be deleted that was not archived before."""

    code, text = "log-not-archived", "The log {log} holds {events} events. Archive it first: deleting cannot be undone."


def archive(log: EventLog) -> None:
    """Let the log take no more events; raises FedLogError while a stream still brings some."""
    with transaction.atomic():
        row = EventLog.objects.select_for_update().get(pk=log.pk)
        feeding = Stream.objects.filter(log=log, enabled=True).order_by("slug").values_list("slug", flat=True)
        if feeding:
            raise FedLogError(log=log.slug, streams=", ".join(feeding))
        if row.archived_at is None:
            row.archived_at = timezone.now()
            row.save(update_fields=["archived_at"])
    log.refresh_from_db()


def unarchive(log: EventLog) -> None:
    """Let the log take events again."""
    log.archived_at = None
    log.save(update_fields=["archived_at"])


def delete_empty(log: EventLog) -> bool:
    """Delete a log without events; False, where it has some and is archived: those are deleted by `delete_log`.

    Raises StreamsOfLogError, NotArchivedError.
    """
    if log.stored:
        _refuse_not_archived(log)
        return False
    if log.streams.exists():
        raise StreamsOfLogError(log=log.slug)
    log.delete()
    return True


def _refuse_not_archived(log: EventLog) -> None:
    if log.archived_at is None:
        raise NotArchivedError(log=log.slug, events=log.stored)


def retire(log: EventLog, cases: Mapping[str, int]) -> int:
    """Delete the events up to ``seq`` of some cases; how many. Call it in a transaction that holds the log's row."""
    now = timezone.now()
    Retired.objects.filter(log=log, at__lt=now - FORGOTTEN).delete()
    names = sorted(cases)
    deleted = 0
    for start in range(0, len(names), CASES):
        some = names[start : start + CASES]
        Retired.objects.bulk_create(
            [Retired(log=log, case=name, last_seq=cases[name], at=now) for name in some],
            update_conflicts=True,
            unique_fields=["log", "case"],
            update_fields=["last_seq", "at"],
        )
        deleted += Event.objects.filter(log=log, case__in=some).delete()[0]
    EventLog.objects.filter(pk=log.pk).update(retired_events=F("retired_events") + deleted)
    return deleted


def delete_log(log: EventLog) -> Iterator[int]:
    """Delete an archived log with all it holds; yields how many events went after each step.

    Raises NotArchivedError. Ended and called again it goes on where it was.
    """
    _refuse_not_archived(log)
    while cases := _some_cases(log):
        with transaction.atomic():
            EventLog.objects.select_for_update().get(pk=log.pk)
            deleted = retire(log, cases)
        yield deleted
    with transaction.atomic():
        Stream.objects.filter(log=log).update(log=None)  # stopped ones, which only tell where events came from
        log.delete()


def _some_cases(log: EventLog) -> dict[str, int]:
    """Cases of about EVENTS events, and the last ``seq`` of each."""
    rows: Any = Event.objects.filter(log=log).values("case").annotate(last=Max("seq"), events=Count("seq"))
    found: dict[str, int] = {}
    events = 0
    for row in rows.order_by("case")[:EVENTS].iterator(chunk_size=1000):
        found[row["case"]] = row["last"]
        events += row["events"]
        if events >= EVENTS:
            break
    return found
