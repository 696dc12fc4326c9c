"""From a log file to events: a batch a transaction, which also keeps how far we are."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from foundation.errors import DomainError
from streams.events.store import NewEvent, store_events
from streams.files import BadRow, FileEvent, LogFile, Row
from streams.models import EventLog, Import, Rejection, plus
from streams.parsing.values import PayloadError, check_text, check_value, optional_id
from streams.rejections.store import Refused

BATCH = 2000  # rows of one transaction
ID = "identity:id"  # of an event: XES Identity extension, or a column

log = logging.getLogger(__name__)


class BusyError(DomainError):
    """Another process reads the same file into the same log."""

    code, text = "import-running", "{file} is being read into {log} by another process already."


def import_file(into: EventLog, file: LogFile, batch: int = BATCH) -> Iterator[Import]:
    """Append the events of a file to a log, in the order of the file; yields how far it is after each commit.

    A file that was not read to its end goes on where it was; one that was is not read again, whatever its name. Rows
    that are no events become rejections. Raises FileError, BusyError, ArchivedError, and what the database raises; what
    was yielded before is stored.
    """
    done, _ = Import.objects.get_or_create(log=into, digest=file.digest(), defaults={"name": file.name[:255]})
    yield done
    if done.finished_at is not None:
        return
    rows = islice(_first_with_trace(file.rows()), done.position, None)
    refused = Refused()
    while some := list(islice(rows, batch)):
        _store(done, some, refused)
        done.refresh_from_db()
        yield done
    Import.objects.filter(pk=done.pk).update(finished_at=timezone.now())
    done.refresh_from_db()
    yield done


def _first_with_trace(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows; of those that share a trace only the first keeps its attributes: they belong to the case."""
    last: dict[str, Any] | None = None
    for row in rows:
        if isinstance(row, FileEvent):
            shared, last = row.trace is last, row.trace
            if shared:
                row.trace = {}
        yield row


@transaction.atomic
def _store(done: Import, rows: Sequence[Row], refused: Refused) -> None:
    """Store some rows after the position. The position is moved first: who finds it elsewhere is not alone."""
    here = Import.objects.filter(pk=done.pk, position=done.position, finished_at=None)
    if not here.update(**plus(position=len(rows))):
        raise BusyError(file=done.name, log=done.log.slug)
    received_at = timezone.now()
    new: list[NewEvent] = []
    rejections: list[Rejection] = []
    for row in rows:
        try:
            new.append(_event(done.log_id, row, received_at))
        except PayloadError as error:
            rejections.append(_rejection(done, row, received_at, error))
    seqs = store_events(new)
    duplicates = sum(seq is None for seq in seqs)
    refused.keep(rejections)
    counts = plus(stored=len(seqs) - duplicates, duplicates=duplicates, rejected=len(rejections))
    if counts:
        Import.objects.filter(pk=done.pk).update(**counts)


def _event(log_id: int, row: Row, received_at: datetime) -> NewEvent:
    if isinstance(row, BadRow):
        raise PayloadError(row.reason, row.detail)
    check_text("case", row.case)
    check_text("activity", row.activity)
    attributes = row.attributes
    event_id = optional_id(attributes.pop(ID, None))
    for name, value in row.trace.items():
        attributes[f"case:{name}"] = value
    check_value(attributes)
    source = "given" if row.at else "arrival"
    return NewEvent(log_id, row.case, row.activity, row.at or received_at, received_at, source, event_id, attributes)


def _rejection(done: Import, row: Row, received_at: datetime, error: PayloadError) -> Rejection:
    text = row.text if isinstance(row, BadRow) else str((row.case, row.activity, str(row.at), row.attributes))
    return Rejection(
        imported=done,
        received_at=received_at,
        topic=f"{done.name}, line {row.line}".replace("\0", ""),
        payload=text.encode(errors="backslashreplace")[: Rejection.MAX_PAYLOAD],
        reason=error.reason,
        detail=error.detail.replace("\0", "\N{SYMBOL FOR NULL}"),
    )
