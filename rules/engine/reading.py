"""How rules read the events of a log: after their cursor, a case in order, cases as they were, what was refused."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from django.db.models import F, Q, QuerySet

from rules.core.case_event import Event, Facts
from rules.core.run import Case
from streams.models import Event as Row
from streams.models import Rejection

FIELDS = ("seq", "case", "activity", "at", "received_at", "attributes")
CHUNK = 1000  # events evaluated and saved in one go
PARAMETERS = 500  # names in one query


def after(log: int, cursor: int, limit: int) -> list[Event]:
    """The next events, in the order they were committed."""
    rows = Row.objects.filter(log=log, seq__gt=cursor).order_by("seq").values_list(*FIELDS)
    return [Event(*row) for row in rows[:limit]]


def newest(log: int, upto: int) -> Event | None:
    """The last event of a log with a number up to ``upto``."""
    row = Row.objects.filter(log=log, seq__lte=upto).order_by("-seq").values_list(*FIELDS).first()
    return None if row is None else Event(*row)


def history(log: int, case: str, upto: int) -> list[Event]:
    """A case up to an event, in the order in which it happened."""
    return [Event(*row) for row in _of_cases(log, [case], upto).values_list(*FIELDS)]


def _of_cases(log: int, cases: list[str], upto: int) -> "QuerySet[Row]":
    """Found by the case: were ``seq`` bare, SQLite would rather walk through all numbers below."""
    rows = Row.objects.filter(log=log, case__in=cases).alias(number=F("seq") + 0).filter(number__lte=upto)
    return rows.order_by("case", "at", "seq")


def cases(log: int, names: Iterable[str], upto: int) -> dict[str, Case]:
    """What is known of cases by the events up to ``upto``; nothing of those that had none."""
    wanted = list(names)
    found: dict[str, Case] = {}
    for place in range(0, len(wanted), PARAMETERS):
        rows = _of_cases(log, wanted[place : place + PARAMETERS], upto).values_list(*FIELDS[:-1])
        lasts: dict[int, Facts] = {}
        for name, events in groupby(rows.iterator(chunk_size=CHUNK), key=itemgetter(1)):
            facts = Facts()
            for row in events:
                facts.add(Event(*row))
            found[name] = Case(facts)
            if facts.newest is not None:
                lasts[facts.newest.seq] = facts
        for seq, attributes in Row.objects.filter(log=log, seq__in=lasts).values_list("seq", "attributes"):
            last = lasts[seq].newest
            if last is not None and attributes:
                lasts[seq].newest = Event(seq, last.case, last.activity, last.at, last.received_at, attributes)
    return found


def refused(log: int, since: datetime) -> int:
    """How many messages and rows meant for a log were refused since then, of those that are kept."""
    theirs = Q(stream__log=log) | Q(imported__log=log)
    return Rejection.objects.filter(theirs, received_at__gt=since).count()
