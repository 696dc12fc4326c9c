"""Events that leave for good: whole cases, by what retention says, or a whole log that was archived before."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Max
from django.utils import timezone

from foundation.http.problems import Conflict
from streams.models import Event, EventLog, Retired, Stream

CASES = 500  # named in one statement
FORGOTTEN = timedelta(days=30)  # rows that say what was deleted; nothing that they cover is left
EVENTS = 20_000  # about as many are deleted in one transaction, so that no writer waits for long


def archive(log: EventLog) -> None:
    """Let the log take no more events; Conflict while a stream still brings some."""
    with transaction.atomic():
        row = EventLog.objects.select_for_update().get(pk=log.pk)
        feeding = Stream.objects.filter(log=log, enabled=True).order_by("slug").values_list("slug", flat=True)
        if feeding:
            raise Conflict(f"Streams still write into the log {log.slug}: stop {', '.join(feeding)} first.")
        if row.archived_at is None:
            row.archived_at = timezone.now()
            row.save(update_fields=["archived_at"])


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
    """Delete an archived log with all it holds; yields how many events went after each step. Conflict otherwise.

    Ended and called again it goes on where it was.
    """
    if log.archived_at is None:
        raise Conflict(f"The log {log.slug} holds {log.stored} events. Archive it first: deleting cannot be undone.")
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
