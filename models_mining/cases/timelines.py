"""Figures of a log over time, for charts: a bounded number of buckets, whatever the log holds."""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from django.db.models import Q
from django.utils import timezone

from models_mining.cases import measures
from models_mining.models import Case, Minute
from streams.models import EventLog

Clock = Literal["arrival", "event"]
CASES = 50_000  # counted one by one, those that began last
ROWS = 44_640  # minutes or hours that are read: a month of minutes, five years of hours
BUCKETS = 360
BINS = 24
SKEWED = 20  # times the median is the 95th percentile: then bins grow
_STEPS = [timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 1440, 7 * 1440, 30 * 1440, 365 * 1440)]
_WIDTHS_S = [
    *(0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200),
    *(86_400, 2 * 86_400, 7 * 86_400, 14 * 86_400, 30 * 86_400, 90 * 86_400, 365 * 86_400, 3650 * 86_400),
]


@dataclass(frozen=True)
class Window:
    """A span of time in equal buckets; ``at`` are their begins, the last one may not be over yet."""

    clock: Clock
    step: timedelta
    at: list[datetime]

    @property
    def end(self) -> datetime:
        """The end of the last bucket."""
        return self.at[-1] + self.step

    def place(self, moment: datetime) -> int:
        """The bucket of a moment; -1 before the first one, their number after the last."""
        return min((moment - self.at[0]) // self.step, len(self.at)) if moment >= self.at[0] else -1


def window(log: EventLog, clock: Clock, span: timedelta | None) -> Window:
    """The newest ``span`` of a log (None: all of it), by arrival up to now or by event time up to its newest event."""
    if clock == "arrival":
        end = timezone.now()
        first = Minute.objects.filter(log=log).order_by("minute").values_list("minute", flat=True).first()
    else:
        end, first = log.last_at or timezone.now(), log.first_at
    whole = end - min(first or end, end)
    span = whole if span is None else span
    step = next((step for step in _STEPS if span / step <= BUCKETS), _STEPS[-1])
    origin = datetime(1970, 1, 1, tzinfo=UTC)
    last = origin + (end - origin) // step * step
    number = min(BUCKETS, max(span // step, 1) + 1)
    return Window(clock, step, [last - step * back for back in range(number - 1, -1, -1)])


@dataclass(frozen=True)
class Throughput:
    """Per bucket: events, cases that began, that ended. ``sampled`` events stand for all; None: all are counted."""

    events: list[int]
    started: list[int]
    closed: list[int]
    sampled: int | None = None


def throughput(log: EventLog, seen: Window) -> Throughput:
    """What came, by arrival; or what happened, by event time: the latter's events from an even sample of the log."""
    events, started, ended = ([0] * len(seen.at) for _ in range(3))
    found = Throughput(events, started, ended)
    if seen.clock == "arrival":
        rows = Minute.objects.filter(log=log, minute__gte=seen.at[0]).order_by("-minute")
        for minute, came, begun, gone in rows.values_list("minute", "events", "started", "closed")[:ROWS]:
            place = seen.place(minute)
            if 0 <= place < len(seen.at):
                found.events[place] += came
                found.started[place] += begun
                found.closed[place] += gone
        return found
    sampled = 0
    for _, _, at in measures.sample(log, measures.MAX_POINTS):
        sampled += 1
        if 0 <= (place := seen.place(at)) < len(seen.at):
            found.events[place] += 1
    for began, until in _cases(log, seen):
        if 0 <= (place := seen.place(began)) < len(seen.at):
            found.started[place] += 1
        if until is not None and 0 <= (place := seen.place(until)) < len(seen.at):
            found.closed[place] += 1
    stored = log.stored - log.retired_events
    if sampled >= stored:
        return found
    scaled = [round(count * stored / sampled) for count in found.events]
    return Throughput(scaled, found.started, found.closed, sampled)


def standing(log: EventLog, seen: Window) -> list[int]:
    """How many cases were open at the end of each bucket, by event time: from first event to the closing one."""
    change = [0] * (len(seen.at) + 2)
    for began, ended in _cases(log, seen):
        change[seen.place(began) + 1] += 1
        if ended is not None:
            change[seen.place(ended) + 1] -= 1
    standing, total = [], change[0]
    for step in change[1:-1]:
        total += step
        standing.append(total)
    return standing


def _cases(log: EventLog, seen: Window) -> list[tuple[datetime, datetime | None]]:
    """Begin and end of the cases that were open at some time of the window."""
    rows = Case.objects.filter(log=log, started_at__lt=seen.end).filter(
        Q(closed_at=None) | Q(closed_at__gte=seen.at[0])
    )
    return list(rows.order_by("-started_at").values_list("started_at", "closed_at")[:CASES])


@dataclass(frozen=True)
class Bin:
    """Durations from ``low_s`` on, below ``high_s`` (None: and all longer ones)."""

    low_s: float
    high_s: float | None
    cases: int


def histogram(durations: list[float]) -> list[Bin]:
    """Durations in bins of a round width; what is far beyond the 95th percentile is in the last one.

    Where most are short beside the longest ones, the bins grow with the durations.
    """
    if not durations:
        return []
    told = measures.times(durations)
    p95, median = told["p95_s"] or 0.0, told["median_s"] or 0.0
    if p95 > SKEWED * median:
        return _growing(durations)
    width = next((width for width in _WIDTHS_S if p95 / width <= BINS - 4), _WIDTHS_S[-1])
    edges = [width * place for place in range(1, BINS)]
    counts = [0] * BINS
    for seconds in durations:
        counts[bisect_right(edges, seconds)] += 1
    last = max(place for place, count in enumerate(counts) if count)
    return [
        Bin(width * place, None if place == BINS - 1 else width * (place + 1), count)
        for place, count in enumerate(counts[: last + 1])
    ]


def _growing(durations: list[float]) -> list[Bin]:
    places = [bisect_right(_WIDTHS_S, seconds) for seconds in durations]
    edges = [0.0, *_WIDTHS_S]
    counts = Counter(places)
    return [
        Bin(edges[place], edges[place + 1] if place + 1 < len(edges) else None, counts[place])
        for place in range(min(places), max(places) + 1)
    ]
