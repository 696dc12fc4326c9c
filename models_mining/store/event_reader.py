"""How a miner reads the events of a log: after its cursor, sorted as batch mining wants them, or the tail of a case."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, F, Func, Max, Min, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from foundation.moments import microseconds, moment
from models_mining.core.live_log import LiveLog, LoggedEvent, Row, Step
from streams.models import Event

CHUNK = 5000  # rows fetched at once


class _Microseconds(Func):
    """A moment as integer µs since 1970, computed where it is stored: no ``datetime`` is made for each of a million."""

    output_field = BigIntegerField()
    arity = 1

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        """Moments are texts there, as 2026-01-02 12:00:00.000001; the fraction is left out where it is zero."""
        text = "%(expressions)s"
        seconds = f"CAST(strftime('%%%%s', substr({text}, 1, 19)) AS INTEGER)"
        return self.as_sql(
            compiler,
            connection,
            template=f"({seconds} * 1000000 + CAST(substr({text}, 21) AS INTEGER))",
            **context,
        )

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        """Numeric there, so nothing is rounded."""
        template = "(extract(epoch from %(expressions)s) * 1000000)::bigint"
        return self.as_sql(compiler, connection, template=template, **context)


_SEEN = ("seq", "case", "activity", _Microseconds("at"), _Microseconds("received_at"))


class Read(NamedTuple):
    """A stored event as it is learnt, and the trace attributes that came with it."""

    seen: LoggedEvent
    trace: dict[str, Any] | None


def after(log: int, cursor: int, limit: int) -> list[Read]:
    """The next events after ``cursor``, in the order they were committed."""
    rows = (
        Event.objects.filter(log=log, seq__gt=cursor)
        .order_by("seq")
        .values_list(*_SEEN[:3], "attributes", *_SEEN[3:])[:limit]
    )
    return [
        Read(LoggedEvent(seq, case, activity, at_us, received_at_us), _trace(attributes))
        for seq, case, activity, attributes, at_us, received_at_us in rows
    ]


def learn(live: LiveLog, events: Sequence[Row], tail: "CaseHistoryReader") -> None:
    """Let ``live`` learn its log's next events, asking the table as seldom as it can be done."""
    tail.look_ahead(live, events)
    live.learn_many(events, tail)


def catch_up(live: LiveLog, log: int, upto: int, tail: "CaseHistoryReader") -> None:
    """Let ``live`` learn the stored events of ``log`` after those it knows, as far as ``upto``."""
    while live.seq < upto:
        rows = Event.objects.filter(log=log, seq__gt=live.seq, seq__lte=upto).order_by("seq").values_list(*_SEEN)
        events = list(rows[:CHUNK].iterator(chunk_size=CHUNK))
        if not events:
            break
        learn(live, events, tail)


def _trace(attributes: dict[str, Any]) -> dict[str, Any] | None:
    if not attributes:
        return None
    trace = {name[5:]: value for name, value in attributes.items() if name.startswith("case:")}
    return trace or None


def traces(log: int, cases: list[str]) -> dict[str, dict[str, Any]]:
    """The trace attributes of some cases, last value (by seq) wins; those without any are left out."""
    told: list[tuple[int, str, dict[str, Any]]] = []
    rows = Event.objects.filter(log=log, case__in=cases).values_list("seq", "case", "attributes")
    for seq, case, attributes in rows.order_by("case", "at", "seq").iterator(chunk_size=CHUNK):  # as the index is
        trace = _trace(attributes)
        if trace is not None:
            told.append((seq, case, trace))
    found: dict[str, dict[str, Any]] = {}
    for _, case, trace in sorted(told, key=itemgetter(0)):
        found.setdefault(case, {}).update(trace)
    return found


def in_order(log: int, upto: int, begin: str | None = None, end: str | None = None) -> Iterator[LoggedEvent]:
    """All events up to ``upto`` by (case, at, seq): the order of batch mining, in which none is late.

    ``begin`` and ``end`` bound the names of the cases, as :func:`parts` cuts them.
    """
    events = Event.objects.filter(log=log, seq__lte=upto)
    if begin is not None:
        events = events.filter(case__gte=begin)
    if end is not None:
        events = events.filter(case__lt=end)
    rows = events.order_by("case", "at", "seq").values_list(*_SEEN)
    return map(LoggedEvent._make, rows.iterator(chunk_size=CHUNK))


def of_cases(log: int, cases: list[str], upto: int) -> Iterator[LoggedEvent]:
    """The events of these cases up to ``upto`` by (case, at, seq)."""
    events = Event.objects.filter(log=log, case__in=cases).alias(number=F("seq") + 0).filter(number__lte=upto)
    rows = events.order_by("case", "at", "seq").values_list(*_SEEN)
    return map(LoggedEvent._make, rows.iterator(chunk_size=CHUNK))


def in_sequence(log: int, upto: int) -> Iterator[LoggedEvent]:
    """All events up to ``upto`` as they were stored."""
    rows = Event.objects.filter(log=log, seq__lte=upto).order_by("seq").values_list(*_SEEN)
    return map(LoggedEvent._make, rows.iterator(chunk_size=CHUNK))


def parts(log: int, number: int) -> list[tuple[str | None, str | None]]:
    """``number`` ranges of case names, [begin, end), with about as many events each; None: without a bound."""
    cases = Event.objects.filter(log=log).order_by("case", "at", "seq").values_list("case", flat=True)
    size = Event.objects.filter(log=log).count()
    cuts = [cases[size * part // number] for part in range(1, number)] if size else []
    bounds = [None, *dict.fromkeys(cuts), None]
    return list(pairwise(bounds))


def newest_cases(log: int, upto: int, cases: int | None, last_us: int | None) -> set[str]:
    """The cases with the newest activity, as :mod:`models_mining.core.live_log.memory` defines which are in."""
    found = (
        Event.objects.filter(log=log, seq__lte=upto)
        .values("case")
        .annotate(heard=Max("received_at"), last=Max("seq"))
        .order_by("-heard", "-last")
    )
    newest = found.first()
    if last_us is not None and newest is not None:
        found = found.filter(heard__gt=newest["heard"] - timedelta(microseconds=last_us))
    return set(found.values_list("case", flat=True)[:cases])


def activities(log: int, upto: int) -> list[str]:
    """The activities by first appearance, which numbers them."""
    found = Event.objects.filter(log=log, seq__lte=upto).values("activity").annotate(first=Min("seq")).order_by("first")
    return list(found.values_list("activity", flat=True))


def seq_at(log: int, at: datetime) -> int:
    """The last event received by ``at``: what one would have seen then; 0: none.

    Found by bisection, as numbers are given in the order of arrival; where a clock was set back, one of the moments
    at which it showed ``at``.
    """
    events = Event.objects.filter(log=log)
    low, high = 0, events.aggregate(last=Max("seq"))["last"] or 0
    while low < high:
        middle = (low + high + 1) // 2
        found = events.filter(seq__gte=middle, seq__lte=high).order_by("seq").values_list("seq", "received_at").first()
        if found is not None and found[1] <= at:
            low = found[0]
        else:
            high = middle - 1
    return low


class CaseHistoryReader:
    """The `Reader` of a log: an indexed look into one case of the table, for late and returning cases."""

    def __init__(self, log: int) -> None:
        self.log = log
        self._begun: dict[str, int] = {}  # cases of which nothing is stored before that number

    def look_ahead(self, live: LiveLog, events: Iterable[Row]) -> None:
        """Find out with one query which cases begin among ``events``, the next that ``live`` learns.

        Where cases are out of its memory, each that begins would be asked for on its own.
        """
        firsts: dict[str, int] = {}
        if live.archived or live.evicted:
            for seq, case, *_ in events:
                if case not in live.cases:
                    firsts.setdefault(case, seq)
        if firsts:
            earlier = Event.objects.filter(log=self.log, case__in=firsts).alias(number=F("seq") + 0)
            for case in earlier.filter(number__lt=min(firsts.values())).values_list("case", flat=True).distinct():
                del firsts[case]
        self._begun = firsts

    def __call__(self, case: str, at_us: int | None, before_seq: int) -> list[Step]:
        """The events of ``case`` with ``seq`` < ``before_seq`` from the second last one not after ``at_us`` on."""
        if before_seq <= self._begun.get(case, 0):
            return []
        rows = self._events(case, before_seq)
        if at_us is not None:
            before = rows.filter(at__lte=moment(at_us)).order_by("-at", "-seq").values_list("at", flat=True)[:2]
            begin = list(before)
            if len(begin) == 2:
                rows = rows.filter(at__gte=begin[1])
        steps = rows.order_by("at", "seq").values_list("activity", "at")
        return [Step(activity, microseconds(at)) for activity, at in steps]

    def _events(self, case: str, before_seq: int) -> "QuerySet[Event]":
        """Found by the case: were ``seq`` bare, SQLite would rather walk through all numbers below."""
        return Event.objects.filter(log=self.log, case=case).alias(number=F("seq") + 0).filter(number__lt=before_seq)

    def heard(self, case: str, before_seq: int) -> int | None:
        """The greatest arrival of the events of ``case`` with ``seq`` < ``before_seq``; None: no such."""
        if before_seq <= self._begun.get(case, 0):
            return None
        rows = self._events(case, before_seq)
        heard: datetime | None = rows.aggregate(heard=Max("received_at"))["heard"]
        return None if heard is None else microseconds(heard)
