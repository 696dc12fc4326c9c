"""The job behind replays: how a model changed between two events, frame by frame."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings

from foundation.moments import microseconds, moment, moment_text
from models_mining.core.discovery import ALGORITHMS
from models_mining.core.discovery.registry import NotDerivableError, derive
from models_mining.core.live_log import Journal, LiveLog, LoggedEvent
from models_mining.jobs.jobs import Refusal, Task, job
from models_mining.mined_models import pictures
from models_mining.mined_models.pictures import Picture
from models_mining.mining.follow import CHUNK
from models_mining.past import time_travel
from models_mining.past.past_jobs import checked_model
from models_mining.past.time_travel import Asked
from models_mining.store import event_reader
from streams.models import Event, EventLog

MOST_FRAMES = 600
SECONDS = 120.0
KEPT = timedelta(minutes=10)


def _checked(parameters: dict[str, Any]) -> dict[str, Any]:
    complete = checked_model(parameters, ("a", "b", "frames"))
    algorithm = ALGORITHMS[parameters["algorithm"]]
    if algorithm.cost != "live":
        raise Refusal(f"{algorithm.name} takes too long to be derived for every frame of a replay; dfg does not.")
    if not 1 <= complete["frames"] <= MOST_FRAMES:
        raise Refusal(f"frames: expected a number from 1 to {MOST_FRAMES}.")
    if not 0 <= complete["b"] - complete["a"] <= settings.SELECTION_EVENTS:
        raise Refusal(
            f"A replay goes forward, over at most {settings.SELECTION_EVENTS:,} events at once: choose a shorter time."
        )
    return complete


@job("replay", check=_checked, seconds=SECONDS, kept=KEPT)
def replayed(task: Task) -> dict[str, Any]:
    """The picture of a model as of event ``a``, and ``frames``: the deltas from one to the next, as far as ``b``.

    The time from ``a`` to ``b``, by arrival, is cut into so many equal parts; those in which nothing came have no
    frame. Each frame is a delta as the live socket sends it, ``at`` is when its last event came.
    """
    if task.log is None:
        raise Refusal("Which log?")
    given = task.parameters
    asked = Asked(given["algorithm"], given["parameters"], given["cases"])
    try:
        live = time_travel.live_log_at(task.log, given["a"], [asked.row(task.log)])
        found = _frames(task.log, live, asked, given["b"], given["frames"])
        first = next(found)
        frames = [pictures.delta(picture, picture["version"] - 1) for picture in found]
    except (NotDerivableError, LookupError) as error:
        raise Refusal(f"There is no such model then: {error}") from error
    return {"picture": pictures.snapshot(first), "frames": frames}


def _frames(log: EventLog, live: LiveLog, asked: Asked, b: int, number: int) -> Iterator[Picture]:
    """The picture ``live`` gives now, then the one at the end of each part in which something came, as far as ``b``."""
    ends = Event.objects.filter(log=log, seq__in=[live.seq + 1, b]).order_by("seq")
    moments = [microseconds(at) for at in ends.values_list("received_at", flat=True)] or [0]
    begun_us, part_us = moments[0], max(1, (moments[-1] - moments[0]) // number + 1)
    live.journal, tail = Journal(), event_reader.CaseHistoryReader(log.pk)
    picture = _next(None, live, asked, begun_us)
    yield picture
    place, waiting = 0, list[LoggedEvent]()
    for event in _events(log.pk, live.seq, b):
        there = max(place, (event.received_at_us - begun_us) // part_us)  # a clock that was set back turns no time back
        if there > place and waiting:
            yield (picture := _learnt(picture, live, asked, waiting, tail))
            waiting = []
        place = there
        waiting.append(event)
    if waiting:
        yield _learnt(picture, live, asked, waiting, tail)


def _learnt(
    before: Picture, live: LiveLog, asked: Asked, events: list[LoggedEvent], tail: event_reader.CaseHistoryReader
) -> Picture:
    event_reader.learn(live, events, tail)
    return _next(before, live, asked, events[-1].received_at_us)


def _next(before: Picture | None, live: LiveLog, asked: Asked, at_us: int) -> Picture:
    changes = live.journal.drain() if live.journal is not None else None
    moves = changes.moves if changes is not None else []
    return pictures.next_picture(
        before,
        derive(asked.algorithm, live, asked.cases, asked.parameters),
        epoch="replay",
        version=0 if before is None else before["version"] + 1,
        seq=live.seq,
        at=moment_text(moment(at_us)),
        moves=[(move.case, move.source, move.target, moment(move.at_us).isoformat()) for move in moves],
        moved=len(moves) + (changes.moves_omitted if changes is not None else 0),
    )


def _events(log: int, after: int, upto: int) -> Iterator[LoggedEvent]:
    while chunk := event_reader.after(log, after, CHUNK):
        yield from (read.seen for read in chunk if read.seen.seq <= upto)
        after = chunk[-1].seen.seq
        if after >= upto:
            break
