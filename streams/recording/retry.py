"""Refused messages tried again, by the mapping and the options their stream has now."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Literal

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from foundation.errors import DomainError
from streams.events.store import NewEvent, log_named, refuse_archived, store_events
from streams.models import Rejection, Stream, plus
from streams.parsing.payloads import Reading
from streams.parsing.values import PayloadError
from streams.recording.intake import NOT_STORABLE

BATCH = 200  # rejections of one transaction
MOST = 1000  # of one request
IGNORED = "ignored"  # the reason of what was counted as ignored, not as rejected


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of one: now an event (``seq`` is None where its id was stored before), or refused again."""

    id: int
    status: Literal["mended", "rejected"]
    seq: int | None = None
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RetriedSome:
    """What became of the oldest of many: ``left`` wait behind ``last``, the greatest id that was tried."""

    results: list[Retried]
    left: int
    last: int

    @property
    def mended(self) -> int:
        """How many are events now."""
        return sum(one.status == "mended" for one in self.results)

    @property
    def rejected(self) -> int:
        """How many were refused again."""
        return len(self.results) - self.mended


class MendedError(DomainError):
    """A message is to be tried again that has become an event already."""

    code, text = "message-mended", "This message was mended before."


def retry_one(rejection: Rejection) -> Retried:
    """Try one rejection again; raises MendedError."""
    done = retry(Rejection.objects.filter(pk=rejection.pk))
    if not done:
        raise MendedError
    return done[0]


def retry_oldest(rejections: "QuerySet[Rejection]", after: int = 0) -> RetriedSome:
    """Try again the `MOST` oldest with a greater id than ``after``."""
    rows = rejections.filter(retried_at=None, pk__gt=after).order_by("id")
    oldest = list(rows.values_list("id", flat=True)[:MOST])
    last = oldest[-1] if oldest else after
    done = retry(Rejection.objects.filter(pk__in=oldest))
    return RetriedSome(done, rows.filter(pk__gt=last).count() if oldest else 0, last)


def retry(rejections: "QuerySet[Rejection]") -> list[Retried]:
    """Try rejections again, the oldest first; those that were mended before are left out.

    A mended message becomes an event that arrived when it did. Its stream then counts it as stored (or as a duplicate)
    and no longer as rejected (or ignored), so that what was received stays the sum of all; ``mended`` says how many of
    them came this way. One that is refused again keeps its row, with the reason of now. A batch is a transaction: after
    a crash, or where two do the same at once, each message was mended once or not at all.
    """
    ids = list(rejections.filter(retried_at=None).order_by("id").values_list("id", flat=True))
    return [one for start in range(0, len(ids), BATCH) for one in _retry(ids[start : start + BATCH])]


def _retry(ids: list[int]) -> list[Retried]:
    """Retry a batch; where the database refuses it, each alone."""
    try:
        return _retry_together(ids)
    except NOT_STORABLE as error:
        if len(ids) == 1:
            return [Retried(ids[0], "rejected", reason="not_storable", detail=f"The database refused it: {error}")]
        return [one for id_ in ids for one in _retry([id_])]


@transaction.atomic
def _retry_together(ids: list[int]) -> list[Retried]:
    rows = Rejection.objects.select_for_update(of=("self",)).filter(pk__in=ids, retried_at=None).order_by("id")
    done: list[Retried] = []
    new: list[NewEvent] = []
    mended: list[Rejection] = []
    read = _Reader()
    for row in list(rows):
        if unfit := _unfit(row):
            done.append(Retried(row.pk, "rejected", reason=row.reason, detail=unfit))
            continue
        try:
            new.append(read(row))
            mended.append(row)
        except PayloadError as error:
            done.append(_refused_again(row, error))
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for row, seq in zip(mended, store_events(new) if new else (), strict=True):
        count = counts[row.stream_id or 0]
        count["duplicates" if seq is None else "stored"] += 1
        count["ignored" if row.reason == IGNORED else "rejected"] -= 1
        count["mended"] += 1
        done.append(Retried(row.pk, "mended", seq))
    for pk, count in counts.items():
        Stream.objects.filter(pk=pk).update(**plus(**count))
    Rejection.objects.filter(pk__in=[row.pk for row in mended]).update(retried_at=timezone.now())
    return sorted(done, key=lambda one: one.id)


def _unfit(row: Rejection) -> str:
    """Why a row cannot be tried again at all; empty where it can."""
    if row.stream_id is None:
        return "A row of a file: mend it there, and import it in a file of its own."
    if len(row.payload) >= Rejection.MAX_PAYLOAD:
        return f"Only its first {Rejection.MAX_PAYLOAD // 1024} KiB were kept: it has to be sent again."
    return ""


class _Reader:
    """Reads messages by the streams as they are now."""

    def __init__(self) -> None:
        self._streams: dict[int, tuple[Stream, Reading]] = {}

    def __call__(self, row: Rejection) -> NewEvent:
        pk = row.stream_id or 0
        if pk not in self._streams:
            stream = Stream.objects.select_related("log").get(pk=pk)
            reading = Reading.of(stream.format, stream.topic, stream.mapping, stream.options)
            self._streams[pk] = stream, reading
        stream, reading = self._streams[pk]
        event = reading.parse(row.topic, bytes(row.payload), row.received_at)
        if event is None:
            raise PayloadError(row.reason, row.detail)
        log = stream.log or log_named(event.process, stream)
        refuse_archived(log)
        return NewEvent(
            log_id=log.pk,
            case=event.case,
            activity=event.activity,
            at=event.at,
            received_at=row.received_at,
            at_source=event.at_source,
            event_id=event.event_id,
            attributes=event.attributes,
            stream_id=stream.pk,
        )


def _refused_again(row: Rejection, error: PayloadError) -> Retried:
    if row.reason != IGNORED:  # counted as ignored, it is to be found as such
        detail = error.detail.replace("\0", "\N{SYMBOL FOR NULL}")
        Rejection.objects.filter(pk=row.pk).update(reason=error.reason, detail=detail)
    return Retried(row.pk, "rejected", reason=error.reason, detail=error.detail)
