"""Figures of a log that its rows tell: variants with their times, activities, throughput, dots. All of them bounded.

Median and p95 are nearest ranks: values that occurred, at least half or 95 % of all being no greater. They are taken
over the newest `SAMPLE` cases or events asked for, so that a log of any length answers within a second.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from math import ceil
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet

from models_mining.models import Case
from streams.models import Event, EventLog

SAMPLE = 20_000
MAX_POINTS = 5_000  # of a dotted chart
_PIECE = 500  # values of one query


def times(seconds: Iterable[float]) -> dict[str, float | None]:
    """``mean_s``, ``median_s`` and ``p95_s``; None where there is nothing."""
    ordered = sorted(seconds)
    if not ordered:
        return {"mean_s": None, "median_s": None, "p95_s": None}
    mean = sum(ordered) / len(ordered)
    return {"mean_s": mean, "median_s": _rank(ordered, 0.5), "p95_s": _rank(ordered, 0.95)}


def _rank(ordered: Sequence[float], part: float) -> float:
    return ordered[max(0, ceil(part * len(ordered)) - 1)]


def variants(log: EventLog) -> "QuerySet[Any]":
    """The variants of a log with how many cases have each; running ones count as what they are so far."""
    known = Case.objects.filter(log=log).exclude(variant="")
    return known.values("variant").annotate(
        cases=Count("id"),
        open_cases=Count("id", filter=Q(closed_at=None)),
        events=Max("length"),
        first_at=Min("started_at"),
        last_at=Max("last_at"),
        example=Min("case"),
    )


def with_times(log: EventLog, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Variants with what they are, ``activities`` in order, and how long their cases took."""
    rows = list(rows)
    took: dict[str, list[float]] = defaultdict(list)
    cases = Case.objects.filter(log=log, variant__in=[row["variant"] for row in rows]).order_by("-id")
    for variant, began, ended in cases.values_list("variant", "started_at", "last_at")[:SAMPLE]:
        took[variant].append((ended - began).total_seconds())
    examples = {
        case: (seq, length)
        for case, seq, length in Case.objects.filter(log=log, case__in=[row["example"] for row in rows]).values_list(
            "case", "seq", "length"
        )
    }
    steps: dict[str, list[str]] = defaultdict(list)
    events = Event.objects.filter(log=log, case__in=examples).order_by("case", "at", "seq")
    for case, seq, activity in events.values_list("case", "seq", "activity"):
        if seq <= examples[case][0] and len(steps[case]) < examples[case][1]:
            steps[case].append(activity)
    return [row | {"activities": steps[row["example"]]} | times(took[row["variant"]]) for row in rows]


def passing(log: EventLog, cases: Sequence[str], activities: Sequence[str]) -> set[str]:
    """Those of the cases that have one of the activities."""
    found: set[str] = set()
    for start in range(0, len(cases) if activities else 0, _PIECE):
        events = Event.objects.filter(log=log, case__in=cases[start : start + _PIECE])
        for begin in range(0, len(activities), _PIECE):
            some = events.filter(activity__in=activities[begin : begin + _PIECE])
            found.update(some.values_list("case", flat=True).distinct())
    return found


def since_previous(log: EventLog) -> dict[str, list[float]]:
    """By activity, the seconds since the event before it in its case, of the newest events."""
    newest = Event.objects.filter(log=log, seq__gt=log.next_seq - 1 - SAMPLE)
    found: dict[str, list[float]] = defaultdict(list)
    last: dict[str, Any] = {}
    for at, _, case, activity in sorted(newest.values_list("at", "seq", "case", "activity")):
        if case in last:
            found[activity].append((at - last[case]).total_seconds())
        last[case] = at
    return found


def activities(log: EventLog, picture: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The activities that a directly-follows graph counts, the most frequent first, with the time before them."""
    waited = since_previous(log)
    return [
        {
            "node": node["id"],
            "activity": node["label"],
            "events": node["n"],
            **{name: node[name] for name in ("starts", "ends", "open")},
            **times(waited.get(node["label"], ())),
            "longest_s": max(waited.get(node["label"], ()), default=None),
        }
        for node in sorted(picture["nodes"], key=lambda node: (-node["n"], node["label"]))
    ]


def closed_durations(log: EventLog) -> list[float]:
    """Seconds that the newest closed cases took."""
    closed = Case.objects.filter(log=log, closed_at__isnull=False).order_by("-closed_at")
    return [(ended - began).total_seconds() for began, ended in closed.values_list("started_at", "last_at")[:SAMPLE]]


def closed_times(log: EventLog) -> dict[str, float | None]:
    """How long the newest closed cases took."""
    return times(closed_durations(log))


def dots(log: EventLog, most: int) -> dict[str, list[Any]]:
    """Points of a dotted chart, at most so many, evenly spaced over the log: ``[case, activity, at]``, both by place.

    ``started_at`` is when each of the cases began, for a chart over the time since then; None if it is not mined yet.
    Source: Song, van der Aalst, Supporting process mining by showing events at a glance, WITS 2007.
    """
    cases: dict[str, int] = {}
    activities: dict[str, int] = {}
    points = []
    for case, activity, at in sample(log, most):
        place = cases.setdefault(case, len(cases)), activities.setdefault(activity, len(activities))
        points.append([*place, at])
    names = list(cases)
    began: dict[str, datetime] = {}
    for start in range(0, len(names), _PIECE):
        rows = Case.objects.filter(log=log, case__in=names[start : start + _PIECE])
        began |= dict(rows.values_list("case", "started_at"))
    return {
        "cases": names,
        "started_at": [began.get(name) for name in names],
        "activities": list(activities),
        "points": points,
    }


def sample(log: EventLog, most: int) -> Iterator[tuple[str, str, datetime]]:
    """Case, activity and moment of at most so many events, evenly spaced over the log."""
    last, first = log.next_seq - 1, 1
    count = min(most, last)
    wanted = [first + (last - first) * place // max(count - 1, 1) for place in range(count)]
    for start in range(0, len(wanted), _PIECE):
        rows = Event.objects.filter(log=log, seq__in=wanted[start : start + _PIECE]).order_by("seq")
        yield from rows.values_list("case", "activity", "at")
