"""Keeping what is wanted: closed cases that are older than their log's ``retention_days`` leave, each one whole.

They leave the events and the cases in one transaction. The live log then stands for cases that are gone, which its
settings tell by their key: whoever follows the log mines it anew, under a new epoch.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from foundation.processes.work_plugins import PolledPart
from models_mining.models import Case
from streams.events.removal import CASES, EVENTS, retire
from streams.models import Event, EventLog, Retired

logger = logging.getLogger(__name__)

EVERY = timedelta(days=1)  # each time the log is mined anew


@dataclass(slots=True)
class Gone:
    """How much left."""

    cases: int = 0
    events: int = 0


def due(now: datetime | None = None) -> list[EventLog]:
    """The logs that retention has not looked at for a day and that may hold what is too old."""
    since = (now or timezone.now()) - EVERY
    lately = Retired.objects.filter(at__gt=since).values("log")
    return list(EventLog.objects.exclude(retention_days=None).exclude(pk__in=lately).order_by("pk"))


def retire_some(log: EventLog, now: datetime | None = None) -> Gone:
    """Let the oldest of what is too old leave, about 20,000 events in one transaction; call it until nothing does.

    Too old is a case that is closed, and of which nothing arrived for ``retention_days``. The rows of cases only point
    at candidates; what holds is asked of the events themselves, while the log takes no other.
    """
    if log.retention_days is None:
        return Gone()
    before = (now or timezone.now()) - timedelta(days=log.retention_days)
    names = _candidates(log, before)
    if not names:
        return Gone()
    with transaction.atomic():
        log = EventLog.objects.select_for_update().get(pk=log.pk)
        cases = {
            name: seq
            for start in range(0, len(names), CASES)
            for name, seq in _leaving(log, names[start : start + CASES], before).items()
        }
        gone = Gone(len(cases), retire(log, cases))
        for start in range(0, len(names), CASES):
            leaving = [name for name in names[start : start + CASES] if name in cases]
            Case.objects.filter(log=log, case__in=leaving).delete()
    logger.info("Log %s: %s cases of %s events are retired", log.slug, gone.cases, gone.events)
    return gone


def _candidates(log: EventLog, before: datetime) -> list[str]:
    """Closed cases whose newest event arrived earlier, of about so many events as one transaction deletes."""
    newest = Event.objects.filter(log=log, seq=OuterRef("seq"), received_at__lt=before)
    closed = Case.objects.filter(log=log, closed_at__isnull=False).filter(Exists(newest)).order_by("closed_at")
    names: list[str] = []
    events = 0
    for name, length in closed.values_list("case", "length")[:EVENTS]:
        names.append(name)
        events += length
        if events >= EVENTS:
            break
    return names


def _leaving(log: EventLog, names: Iterable[str], before: datetime) -> dict[str, int]:
    """Those cases that are closed and too old by their events, with the last ``seq`` of each."""
    last: dict[str, tuple[str, datetime, int]] = {}
    rows = Event.objects.filter(log=log, case__in=names).order_by("case", "at", "seq")
    for case, activity, received_at, seq in rows.values_list("case", "activity", "received_at", "seq").iterator():
        _, heard, known = last.get(case, (activity, received_at, seq))
        last[case] = activity, max(heard, received_at), max(known, seq)
    return {
        case: seq
        for case, (activity, heard, seq) in last.items()
        if heard < before and (activity in log.end_activities or _silent(log, heard))
    }


def _silent(log: EventLog, heard: datetime) -> bool:
    """Whether a case last heard of then is closed by the log's ``idle_close_s``."""
    if log.idle_close_s is None or log.last_received_at is None:
        return False
    return log.last_received_at - heard >= timedelta(seconds=log.idle_close_s)


class Housekeeping(PolledPart):
    """What a worker does beside its work: once an hour it looks which logs are due, and lets cases leave by turns."""

    subject: ClassVar[str] = "Cases that are to leave"
    poll_s: ClassVar[float] = 3600.0

    def __init__(self) -> None:
        super().__init__()
        self._logs: list[EventLog] = []

    def work(self, now: float, *, look: bool) -> float:
        """Let some leave, if any are due."""
        if look and not self._logs:
            self._logs = due()
        if self._logs:
            log = self._logs.pop()  # where it fails, it is due again in an hour
            if retire_some(log).cases:
                self._logs.append(log)
        return now if self._logs else self._polled_at + self.poll_s
