"""What the start page says of each log."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, QuerySet
from django.utils import timezone

from live.socket.queries import feeding
from models_mining.models import DriftChange, Minute
from streams.models import EventLog, Rejection, Stream
from streams.recording.health import of_stream

HOUR = 60  # minutes of the sparkline
CHART = (180, 32)  # its width and height
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
class Chart:
    """Events a minute over the last hour, as SVG path data: a line, and the area below it."""

    area: str
    line: str
    per_minute: int  # of the last whole minute
    last_hour: int


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


LOOKS = {
    "connected": ("ok", "connected"),
    "connecting": ("wait", "connecting"),
    "failed": ("bad", "cannot connect"),
    "stalled": ("bad", "stalled"),
    "stopped": ("off", "stopped"),
}
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


def minutes(logs: QuerySet[EventLog]) -> dict[int, list[int]]:
    """Events of each log by the minute over the last hour; the last one is not over."""
    begin = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=HOUR)
    found: dict[int, list[int]] = {}
    rows = Minute.objects.filter(log__in=logs, minute__gte=begin).values_list("log", "minute", "events")
    for log, minute, events in rows:
        place = min(int((minute - begin).total_seconds() // 60), HOUR)
        found.setdefault(log, [0] * (HOUR + 1))[place] += events
    return found


def chart(counts: list[int]) -> Chart:
    """A line of what `minutes` counted."""
    counts = counts or [0] * (HOUR + 1)
    whole = counts[:-1] if any(counts[:-1]) else counts[1:]
    line = _line(whole)
    area = f"M0 {CHART[1]}L{line}L{CHART[0]} {CHART[1]}Z"
    return Chart(area, f"M{line}", whole[-1], sum(counts))


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


def _line(events: list[int]) -> str:
    width, height = CHART
    most = max(*events, 1)
    points = (
        (place * width / (len(events) - 1), height - 2 - (height - 6) * count / most)
        for place, count in enumerate(events)
    )
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
