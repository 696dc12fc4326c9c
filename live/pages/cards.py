"""What the start page says of each log."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, QuerySet
from django.utils import timezone

from foundation.drawing.sparkline import Chart, chart
from models_mining.cases.arrivals import minutes
from models_mining.models import DriftChange
from streams.models import EventLog, Rejection, Stream
from streams.pages.states import LOOKS
from streams.recording.health import feeding, of_stream

NEWS = timedelta(days=1)  # so long a change of the process is news


@dataclass(frozen=True)
class Feeding:
    """A stream of a log: its state as a look (ok, wait, bad, off) and in words, and what to do."""

    stream: Stream
    look: str
    words: str
    advice: str
    refused: int  # messages of the last hour


@dataclass(frozen=True)
class Card:
    """A log on the start page; freshness is told by arrival."""

    log: EventLog
    streams: list[Feeding]
    open_cases: int
    of_files: int  # rows of imported files refused in the last hour
    rejected: int  # these and messages
    chart: Chart
    changed: datetime | None  # when the newest change of the process was noticed, if that is news


LAG_S = 1.0  # from which on it is worth a word


def cards(logs: QuerySet[EventLog]) -> list[Card]:
    """A card for each of ``logs``."""
    by_log = minutes(logs)
    hour = timezone.now() - timedelta(hours=1)
    fresh = Rejection.objects.filter(received_at__gte=hour, retried_at=None).exclude(reason="ignored")
    of_files = Counter(_counts(fresh.filter(imported__log__in=logs), "imported__log"))
    of_streams = Counter(_counts(fresh.exclude(stream=None), "stream"))
    changes = DriftChange.objects.filter(log__in=logs, received_at__gte=timezone.now() - NEWS).order_by("seq")
    changed = dict(changes.values_list("log", "received_at"))
    found = []
    for log in logs.select_related("mined"):
        streams = [_feeding(stream, of_streams[stream.pk]) for stream in feeding(log.pk)]
        state = getattr(log, "mined", None)
        found.append(
            Card(
                log=log,
                streams=streams,
                open_cases=state.open_cases if state else 0,
                of_files=of_files[log.pk],
                rejected=of_files[log.pk] + sum(one.refused for one in streams),
                chart=chart(by_log.get(log.pk, [])),
                changed=changed.get(log.pk),
            )
        )
    return found


def _counts(rows: "QuerySet[Rejection]", by: str) -> dict[int, int]:
    return dict(rows.order_by().values_list(by).annotate(Count("pk")))


def _feeding(stream: Stream, refused: int) -> Feeding:
    health = of_stream(stream)
    look, words = LOOKS.get(health.state, ("off", health.state))
    if health.state in ("failed", "stalled") and health.last_error:
        words = f"{words}: {health.last_error}"
    if health.rate_per_s:
        words += f", {health.rate_per_s:.3g}/s"
    if health.lag_s >= LAG_S:
        words += f", {health.lag_s:.0f} s behind"
    return Feeding(stream, look, words, health.advice, refused)
