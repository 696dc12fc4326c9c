"""What the start page says of each log."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from live.queries import feeding
from models_mining.models import Minute
from streams.health import of_stream
from streams.models import EventLog, Stream

HOUR = 60  # minutes of the sparkline
CHART = (180, 32)  # its width and height


@dataclass(frozen=True)
class Feeding:
    """A stream of a log: its state as a look (ok, wait, bad, off) and in words, and what to do."""

    name: str
    look: str
    words: str
    advice: str
    refused: int | None  # the stream, if it refused messages


@dataclass(frozen=True)
class Card:
    """A log on the start page; freshness is told by arrival."""

    log: EventLog
    streams: list[Feeding]
    open_cases: int
    rejected: int
    per_minute: int
    last_hour: int
    chart: str  # the area below the line of events a minute, as SVG path data
    line: str
    last_received_at: datetime | None


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
    now = timezone.now().replace(second=0, microsecond=0)
    begin = now - timedelta(minutes=HOUR)
    minutes: dict[int, list[int]] = {}
    for log, minute, events in Minute.objects.filter(log__in=logs, minute__gte=begin).values_list(
        "log", "minute", "events"
    ):
        place = min(int((minute - begin).total_seconds() // 60), HOUR)
        minutes.setdefault(log, [0] * (HOUR + 1))[place] += events
    return [_card(log, minutes.get(log.pk, [0] * (HOUR + 1))) for log in logs.select_related("mined")]


def _card(log: EventLog, minutes: list[int]) -> Card:
    """``minutes`` counts events by the minute; the last one is not over."""
    whole = minutes[:-1] if any(minutes[:-1]) else minutes[1:]
    streams = feeding(log.pk)
    state = getattr(log, "mined", None)
    line = _line(whole)
    return Card(
        log=log,
        streams=[_feeding(stream) for stream in streams],
        open_cases=state.open_cases if state else 0,
        rejected=sum(stream.rejected for stream in streams),
        per_minute=whole[-1],
        last_hour=sum(minutes),
        chart=f"M0 {CHART[1]}L{line}L{CHART[0]} {CHART[1]}Z",
        line=f"M{line}",
        last_received_at=log.last_received_at,
    )


def _feeding(stream: Stream) -> Feeding:
    health = of_stream(stream)
    look, words = LOOKS.get(health.state, ("off", health.state))
    if health.state in ("failed", "stalled") and health.last_error:
        words = f"{words}: {health.last_error}"
    if health.rate_per_s:
        words += f", {health.rate_per_s:.3g}/s"
    if health.lag_s >= LAG_S:
        words += f", {health.lag_s:.0f} s behind"
    if stream.rejected:
        words += f", {stream.rejected} refused"
    return Feeding(stream.name, look, words, health.advice, stream.pk if stream.rejected else None)


def _line(events: list[int]) -> str:
    width, height = CHART
    most = max(*events, 1)
    points = (
        (place * width / (len(events) - 1), height - 2 - (height - 6) * count / most)
        for place, count in enumerate(events)
    )
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
