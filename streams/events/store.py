"""Steps across models: storing events, opening logs, registering streams."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.text import slugify

from foundation.errors import DomainError
from foundation.processes import hints
from streams.events.insertion import NewEvent, Row, insert, known_ids
from streams.models import EventLog, Stream
from streams.parsing.values import PayloadError

__all__ = ["ArchivedError", "NewEvent", "free_slug", "log_named", "open_log", "refuse_archived", "store_events"]


class ArchivedError(PayloadError, DomainError):
    """The log is read-only: its events are refused one by one, or a request that brings them as a whole."""

    code, text = "archived", "The log {log} is archived: it takes no events."

    def __init__(self, log: EventLog) -> None:
        self.field, self.parameters = "", {"log": log.slug}
        super().__init__(self.code, self.text.format_map(self.parameters))


def refuse_archived(log: EventLog) -> None:
    """Raise ArchivedError where the log takes no more events."""
    if log.archived_at is not None:
        raise ArchivedError(log)


def store_events(events: Sequence[NewEvent]) -> list[int | None]:
    """Append events to their logs; for each its ``seq``, or None where its id was stored before (a duplicate).

    One transaction: lock the logs in id order, drop known ids, number the rest in the order given, insert, add to the
    counters. Numbers grow in commit order without gaps, so a cursor skips none. After the commit the miners get a
    hint. Raises EventLog.DoesNotExist where a log is gone, ArchivedError where one takes no more.
    """
    seqs: list[int | None] = [None] * len(events)
    places: dict[int, list[int]] = defaultdict(list)
    for place, event in enumerate(events):
        places[event.log_id].append(place)
    with transaction.atomic():
        logs = {log.pk: log for log in EventLog.objects.select_for_update().filter(pk__in=places).order_by("pk")}
        if len(logs) < len(places):
            raise EventLog.DoesNotExist("A log of this batch is gone.")
        for log in logs.values():
            refuse_archived(log)
        rows: list[Row] = []
        for log_id in sorted(places):
            rows += _append(logs[log_id], events, places[log_id], seqs)
        insert(rows)
        for log_id in places:
            transaction.on_commit(partial(hints.send, hints.EVENTS, log_id))
    return seqs


def _append(log: EventLog, events: Sequence[NewEvent], places: Iterable[int], seqs: list[int | None]) -> list[Row]:
    """Number one log's events of a batch and add them to its counters; the rows to insert."""
    known = known_ids(log.pk, [events[place].event_id for place in places])
    rows: list[Row] = []
    for place in places:
        event = events[place]
        if event.event_id is not None:
            if event.event_id in known:
                continue
            known.add(event.event_id)
        seqs[place] = seq = log.next_seq + len(rows)
        rows.append((seq, event))
    if rows:
        ats = [event.at for _, event in rows] + [at for at in (log.first_at, log.last_at) if at is not None]
        received = [event.received_at for _, event in rows]
        if log.last_received_at is not None:
            received.append(log.last_received_at)  # a message that was mended later arrived long ago
        EventLog.objects.filter(pk=log.pk).update(
            next_seq=F("next_seq") + len(rows),
            stored=F("stored") + len(rows),
            first_at=min(ats),
            last_at=max(ats),
            last_received_at=max(received),
        )
    return rows


def free_slug(name: str, model: type[EventLog | Stream] = EventLog) -> str:
    """A slug for a log (or stream) called ``name`` that no other has."""
    base = slugify(name)[:90] or ("log" if model is EventLog else "stream")
    taken = set(model.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for n in range(len(taken) + 1) if (slug := f"{base}-{n + 1}" if n else base) not in taken)


def open_log(name: str, slug: str = "", opened_by: Stream | None = None) -> EventLog:
    """A new log called ``name``, by whatever stream asked for it."""
    return EventLog.objects.create(slug=slug or free_slug(name), name=name, opened_by=opened_by)


def log_named(name: str | None, stream: Stream) -> EventLog:
    """The log of a process name that a message of ``stream`` tells; opened if there is none.

    PayloadError where the message names no process, the log is archived, or the stream has opened too many.
    """
    if name is None:
        raise PayloadError("missing_process", "The message names no process, and the stream has no log.")
    found = EventLog.objects.filter(name=name).first()
    if found is not None:
        refuse_archived(found)
        return found
    if stream.opened_logs.count() >= settings.MAX_NEW_LOGS:
        raise PayloadError(
            "too_many_logs",
            f"This stream has opened {settings.MAX_NEW_LOGS} logs; open {name!r} by hand if it is wanted.",
        )
    return open_log(name, opened_by=stream)
