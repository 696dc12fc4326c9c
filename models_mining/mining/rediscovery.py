"""A log mined from nothing: in parallel where it is large, partitioned by case and merged exactly.

Each part is a range of case names, mined in a forked process or on a worker of a Dask cluster, and comes back as the
state of a live log. Live logs over different cases add up.
"""

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice

import msgspec
from django.conf import settings

from foundation.processes.children import Child, Progress
from models_mining.core.counting.bulk import collector_paused
from models_mining.core.discovery.pm4py_bridge import loading
from models_mining.core.live_log import Case, LiveLog, LoggedEvent
from models_mining.mining import cluster
from models_mining.mining.rows import MINUTE_US
from models_mining.store import event_reader
from models_mining.store.checkpoints import LiveSettings

logger = logging.getLogger(__name__)

PARALLEL = 300_000  # events from which on a second process saves more than it costs
PART = f"{__name__}.mine_part"  # what workers of a cluster call
CHILD_S, CHILD_MB = 24 * 3600.0, 16_384  # what a forked process may take: it is our own code


Report = Callable[[int, int], None]
"""Takes how many events are mined, and of how many."""


class RediscoveryError(RuntimeError):
    """A part of the log could not be mined; the message says why."""


@dataclass
class Passed:
    """What was seen of the events on the way: arrivals and beginnings by minute, and the cases that are out."""

    inside: set[str] | None = None  # None: every case is in
    events: Counter[int] = field(default_factory=Counter)
    started: Counter[int] = field(default_factory=Counter)
    outside: dict[str, Case] = field(default_factory=dict)

    def of(self, events: Iterable[LoggedEvent]) -> Iterator[LoggedEvent]:
        """The events, sorted by case, of the cases that are in; noting all."""
        minutes, inside = self.events, self.inside
        current, first = None, 0
        for event in events:
            minute = event.received_at_us // MINUTE_US
            minutes[minute] += 1
            if event.case != current:
                if current is not None:
                    self.started[first] += 1
                current, first = event.case, minute
            elif minute < first:
                first = minute
            if inside is None or event.case in inside:
                yield event
            else:
                self._pass_by(event)
        if current is not None:
            self.started[first] += 1

    def _pass_by(self, event: LoggedEvent) -> None:
        case = self.outside.get(event.case)
        if case is None:
            case = self.outside[event.case] = Case(None, event.at_us, event.received_at_us, event.seq)
        case.note(event.activity, event.at_us, event.received_at_us, event.seq)


def from_nothing(
    log: int, wanted: LiveSettings, upto: int, report: Report = lambda done, total: None
) -> tuple[LiveLog, Passed]:
    """The live log of the events up to ``upto``, and what was seen on the way."""
    began = time.monotonic()
    bounded = wanted.memory_cases is not None or wanted.memory_us is not None
    inside = event_reader.newest_cases(log, upto, wanted.memory_cases, wanted.memory_us) if bounded else None
    activities = event_reader.activities(log, upto)
    number = _processes(upto)
    if number == 1:
        live, passed = _mine(log, wanted, upto, activities, (None, None), inside, lambda done: report(done, upto))
    else:
        parts = [_arguments(log, wanted, upto, activities, part, inside) for part in event_reader.parts(log, number)]
        size = upto / len(parts)  # about
        if settings.DASK:
            dumped = _counted(cluster.run(settings.DASK, PART, parts), lambda done: report(int(done * size), upto))
        else:
            dumped = _run_forked(parts, size, lambda done: report(done, upto))
        live, passed = _merged(log, dumped)
    live.leave_out(passed.outside.values(), upto)
    logger.info(
        "Log %s: %s events mined from nothing in %.1f s, %s at once", log, upto, time.monotonic() - began, number
    )
    return live, passed


def _processes(events: int) -> int:
    if settings.DASK:
        return cluster.workers(settings.DASK)
    return 1 if events < PARALLEL else max(1, len(os.sched_getaffinity(0)))


def _mine(
    log: int,
    wanted: LiveSettings,
    upto: int,
    activities: list[str],
    part: tuple[str | None, str | None],
    inside: set[str] | None,
    report: Callable[[int], None],
) -> tuple[LiveLog, Passed]:
    live, passed = wanted.new_live_log(activities), Passed(inside)
    chunks = _chunks(event_reader.in_order(log, upto, *part), report)
    with collector_paused():
        live.learn_sorted(passed.of(chain.from_iterable(chunks)), event_reader.CaseHistoryReader(log))
    return live, passed


def _chunks(events: Iterator[LoggedEvent], report: Callable[[int], None]) -> Iterator[list[LoggedEvent]]:
    """The events in lists, which costs less than to count each one."""
    done = 0
    while chunk := list(islice(events, event_reader.CHUNK)):
        yield chunk
        done += len(chunk)
        report(done)


def _counted(dumped: Iterable[bytes], report: Callable[[int], None]) -> Iterator[bytes]:
    for number, data in enumerate(dumped, start=1):
        report(number)
        yield data


# --- Parts, elsewhere ----------------------------------------------------------------------


def _arguments(
    log: int,
    wanted: LiveSettings,
    upto: int,
    activities: list[str],
    part: tuple[str | None, str | None],
    inside: set[str] | None,
) -> bytes:
    """A part as plain data, for a process that shares nothing with this one."""
    return msgspec.msgpack.encode([log, wanted, upto, activities, part, None if inside is None else sorted(inside)])


def mine_part(arguments: bytes, report: Callable[[int], None] = lambda done: None) -> bytes:
    """Mine the part that :func:`_arguments` described."""
    log, wanted, upto, activities, part, inside = msgspec.msgpack.decode(
        arguments, type=tuple[int, LiveSettings, int, list[str], tuple[str | None, str | None], set[str] | None]
    )
    live, passed = _mine(log, wanted, upto, activities, part, inside, report)
    outside = [(name, *case.summary()) for name, case in passed.outside.items()]
    return msgspec.msgpack.encode([live.to_state(), list(passed.events.items()), list(passed.started.items()), outside])


def _merged(log: int, dumped: Iterable[bytes]) -> tuple[LiveLog, Passed]:
    merged: LiveLog | None = None
    passed = Passed()
    tail = event_reader.CaseHistoryReader(log)
    for data in dumped:
        state, events, started, outside = msgspec.msgpack.decode(data, strict=False)
        live = LiveLog.from_state(state)
        with collector_paused():
            if merged is None:
                merged = live
            else:
                merged.merge(live, tail)
        passed.events.update(dict(events))
        passed.started.update(dict(started))
        passed.outside.update({name: Case.of_summary(*summary) for name, *summary in outside})
    assert merged is not None, "a log has at least one part"  # noqa: S101
    return merged, passed


def _mine_in_child(part: bytes, size: float, progress: Progress) -> str:
    return mine_part(part, lambda done: progress(done / size)).hex()  # a child's value travels as JSON


def _run_forked(parts: list[bytes], size: float, report: Callable[[int], None]) -> Iterator[bytes]:
    """The parts, of about ``size`` events each, mined in processes of their own, in order."""
    loading.settle()
    children = [Child(partial(_mine_in_child, part, size), seconds=CHILD_S, memory_mb=CHILD_MB) for part in parts]
    try:
        while children:
            outcome = children[0].poll()
            if outcome is None:
                done = len(parts) - len(children) + sum(child.heard() for child in children)
                report(int(size * done))
                time.sleep(0.02)
                continue
            children.pop(0)
            if outcome.error:
                raise RediscoveryError(f"Mining from nothing failed. {outcome.error}")
            yield bytes.fromhex(outcome.value)
    finally:
        for child in children:
            child.kill()
