"""Some cases of a log, chosen by the filters of its case list, and the live log of them alone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from django.db.models import Max, Subquery

from foundation.moments import microseconds
from models_mining.cases.case_filters import CaseFilter, cases_of, of_attributes
from models_mining.core.counting.bulk import collector_paused
from models_mining.core.live_log import LiveLog, LoggedEvent
from models_mining.models import LogState, MinedModel
from models_mining.store import checkpoints, event_reader
from streams.models import Event, EventLog

_CASES = 500  # are read by one query


class TooManyError(Exception):
    """The selection holds more than is mined for it; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Names of cases, and how many events they have, as of event ``seq``."""

    cases: list[str]
    events: int
    seq: int


def select(log: EventLog, query: Mapping[str, str], most: int) -> Selection:
    """The cases that ``query`` (as of ``logs/{slug}/cases/``) leaves; TooManyError beyond ``most`` events.

    One statement reads the cases and how far the mining is, so that both are of the same moment.
    """
    mined = Subquery(LogState.objects.filter(log=log).values("seq")[:1])
    found = CaseFilter(dict(query), of_attributes(cases_of(log), query)).qs
    rows = found.annotate(mined=mined).order_by("case").values_list("case", "length", "mined")
    names: list[str] = []
    events = seq = 0
    for case, length, seq in rows.iterator(chunk_size=5000):  # noqa: B007  seq is the same in all
        names.append(case)
        events += length
        if events > most:
            raise TooManyError(
                f"These cases have more than {most:,} events. Choose a shorter time window, or one more filter."
            )
    if not names:
        seq = LogState.objects.filter(log=log).values_list("seq", flat=True).first() or 0
    return Selection(names, events, seq)


def live_log(log: EventLog, selection: Selection, model: MinedModel, progress: Callable[[float], None]) -> LiveLog:
    """The live log of the selected cases alone, which serves ``model``; ``progress`` is told from 0 to 1.

    All of their stored events count, whatever the log's memory; the clock by which silent cases close is that of the
    whole log. Activities are numbered on their own.
    """
    wanted = replace(checkpoints.wanted(log, [model]), memory_cases=None, memory_us=None)
    live, tail = wanted.new_live_log(), event_reader.CaseHistoryReader(log.pk)
    with collector_paused():
        live.learn_sorted(_in_order(log, selection, progress), tail, upto=selection.seq)
    if wanted.idle_close_us is not None and selection.cases:
        heard = Event.objects.filter(log=log, seq__lte=selection.seq).aggregate(newest=Max("received_at"))["newest"]
        now_us = microseconds(heard)
        live.advance(now_us, tail)
    return live


def _in_order(log: EventLog, selection: Selection, progress: Callable[[float], None]) -> Iterator[LoggedEvent]:
    """The events of the cases, each case by (at, seq)."""
    for start in range(0, len(selection.cases), _CASES):
        yield from event_reader.of_cases(log.pk, selection.cases[start : start + _CASES], selection.seq)
        progress(min(1.0, (start + _CASES) / len(selection.cases)))
