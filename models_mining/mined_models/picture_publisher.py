"""The picture of one model: what it last showed, and how and when the next is saved."""

import hashlib
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Hashable
from datetime import datetime
from statistics import median

from django.db import transaction
from django.utils import timezone

from foundation.moments import moment, moment_text
from foundation.processes import hints
from models_mining.core.discovery.pm4py_bridge import loading
from models_mining.core.discovery.registry import ALGORITHMS, NotDerivableError
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.live_log import CaseSet, Changes, LiveLog, Move
from models_mining.mined_models.case_positions import CasePositions
from models_mining.mined_models.pictures import MOVES, Picture, next_picture, numbers
from models_mining.models import MinedModel

logger = logging.getLogger(__name__)

PART = 0.3  # of the miner's time goes into pictures
FIRST_S, FIRST_UNWATCHED_S = 0.05, 2.0  # between two pictures of the graph that every log has
FIRST = "dfg"
OTHERS_S = 0.2  # of any other model; unwatched it rests
SHARE = 3  # the first graph may take one part in so many of the time
AFTER_FAILURE_S, MOST_AFTER_FAILURE_S = 5.0, 300.0
RESTS_S = 2.0  # until a painter with nothing to do is asked again
SAMPLE, OUT_MS, BACK_MS = 5, 50.0, 25.0  # a model whose median is above moves to `work`, and back when below


def model_epoch(model: MinedModel, log_epoch: str) -> str:
    """The epoch of a model: another one when its log is mined anew or its own parameters change."""
    kind = json.dumps([model.algorithm, model.parameters, model.cases], sort_keys=True)
    return log_epoch + hashlib.sha256(kind.encode()).hexdigest()[:3]


class Share:
    """A part of the time of a process: whoever used much of it makes the next one wait."""

    def __init__(self, part: float) -> None:
        self._rest = 1 / part - 1
        self.free_at = float("-inf")  # monotonic seconds

    def used(self, seconds: float) -> None:
        """So long something was busy until now."""
        self.free_at = max(self.free_at, time.monotonic()) + seconds * self._rest


class PicturePublisher:
    """Knows the saved picture of a model and saves the next.

    ``guard`` raises, inside the transaction of a save, if the log is not ours any more. The table keeps beside the
    picture what cases are replayed on: ``definition`` is ``{"net": …, "at": …}`` of the drawing, the places of tokens
    in the picture's own numbers.
    """

    def __init__(self, model: MinedModel, log_epoch: str, guard: Callable[[], None]) -> None:
        self._guard = guard
        self.whereabouts = CasePositions(model.log_id)
        self.pk, self.algorithm, self.parameters = model.pk, model.algorithm, model.parameters
        self.cases: CaseSet = "closed" if model.cases == MinedModel.Cases.CLOSED else "all"
        self.home, self._moved_out = model.home, model.moved_out
        self.watched_until = model.watched_until
        self.epoch = model_epoch(model, log_epoch)
        known = model.epoch == self.epoch
        self.picture: Picture | None = model.picture if known else None
        self.version, self.seq = model.version, model.seq if known else -1
        self.derived_at = model.derived_at if known else None
        self.moves: list[Move] = []
        self.moved = 0
        self.saved_at = self.not_before = float("-inf")  # monotonic seconds
        self.took_s = 0.0  # to derive and save it
        self.failures, self.failed_seq = 0, -1
        self.samples: deque[float] = deque(maxlen=SAMPLE)  # milliseconds of the newest derivations

    def same(self, model: MinedModel) -> bool:
        """Whether the model is still what this painter paints."""
        return (model.algorithm, model.parameters, model.cases) == (self.algorithm, self.parameters, self.cases)

    @property
    def watched(self) -> bool:
        """Whether somebody looks at it now."""
        return self.watched_until is not None and self.watched_until > timezone.now()

    def behind(self, seq: int) -> bool:
        """Whether there is anything to paint at ``seq``: after a failure only once the log has grown."""
        shown = self.picture is not None and seq <= self.seq and self.whereabouts.complete
        return not shown and seq != self.failed_seq

    def note(self, changes: Changes, seq: int) -> None:
        """Remember the newest moves, unless the saved picture showed them before a restart."""
        self.whereabouts.note(changes.touched)
        if seq > self.seq:
            self.moves = [*self.moves, *changes.moves][-MOVES:]
            self.moved += len(changes.moves) + changes.moves_omitted

    def close(self) -> None:
        """The model is not painted here any more."""

    # --- Saving -------------------------------------------------------------------------

    def publish(self, drawing: Drawing, seq: int, derived_seq: int, derived_at: datetime) -> None:
        """Save the next picture: derived from the events up to ``derived_seq``, cases standing as of ``seq``."""
        now = timezone.now()
        activities = drawing["kind"] == "graph"  # only there moves lead from node to node
        picture = next_picture(
            self.picture,
            drawing,
            epoch=self.epoch,
            version=self.version + 1,
            seq=seq,
            at=moment_text(now),
            derived_seq=derived_seq,
            derived_at=moment_text(derived_at),
            moves=[(move.case, move.source, move.target, moment(move.at_us).isoformat()) for move in self.moves]
            if activities
            else (),
            moved=self.moved if activities else 0,
        )
        saved = self._save(
            picture=picture,
            definition=_definition(drawing, picture),
            epoch=self.epoch,
            version=picture["version"],
            seq=seq,
            derived_at=derived_at,
            took_ms=round(self.samples[-1], 3) if self.samples else None,
            error="",
        )
        if saved:
            hints.send(hints.PICTURES, self.pk)
            self.picture, self.version, self.seq, self.derived_at = picture, picture["version"], seq, derived_at
            self.moves, self.moved = [], 0
            self.failures, self.failed_seq = 0, -1
        self.saved_at = time.monotonic()

    def fail(self, seq: int, error: str) -> None:
        """Say why there is no picture as of ``seq``; the last good one stays. The next try waits longer each time."""
        self._save(error=error)
        self.failed_seq = seq
        self.not_before = time.monotonic() + min(AFTER_FAILURE_S * 2**self.failures, MOST_AFTER_FAILURE_S)
        self.failures = min(self.failures + 1, 10)

    def _save(self, **fields: object) -> bool:
        """Write to the row, if it is still this model and ours."""
        rows = MinedModel.objects.filter(
            pk=self.pk, algorithm=self.algorithm, cases=self.cases, moved_out=self._moved_out
        )
        with transaction.atomic():
            self._guard()
            return rows.update(**fields) == 1

    def move(self, *, out: bool) -> None:
        """Hand a model of the live class over to the other process: it is too slow here, or fast again."""
        if self._save(moved_out=out):
            logger.info("Model %s (%s) is derived by %s now", self.pk, self.algorithm, "work" if out else "mine")
            hints.send(hints.SETUP)


class LivePicturePublisher(PicturePublisher):
    """Derives a model where it is mined."""

    _drawing: Drawing | None = None
    _key: Hashable = None  # of the state it was derived from

    def save_due(self, live: LiveLog, now: float, share: Share) -> float:
        """Save if the picture is behind and may be renewed now; when it may be, otherwise.

        The first graph of a log waits for nobody but itself. All others share what it leaves of the time.
        """
        if not self.behind(live.seq):
            return now + RESTS_S
        if ALGORITHMS[self.algorithm].pm4py and not loading.ready():
            return now + OTHERS_S  # the pictures of all other models go on
        if self.algorithm == FIRST:
            due = self.saved_at + max(FIRST_S if self.watched else FIRST_UNWATCHED_S, SHARE * self.took_s)
        elif self.watched or self.picture is None:
            due = max(self.saved_at + OTHERS_S, share.free_at)
        else:
            return now + RESTS_S
        due = max(due, self.not_before)
        if now < due:
            return due
        self.save(live)
        share.used(self.took_s)
        return now + OTHERS_S

    def save(self, live: LiveLog) -> None:
        """Derive the model and save its picture, if it is behind."""
        if not self.behind(live.seq):
            return
        began = time.monotonic()
        try:
            drawing = self._derived(live)
        except NotDerivableError as error:
            self.fail(live.seq, str(error))
            return
        except Exception as error:
            logger.exception("Model %s (%s) cannot be derived", self.pk, self.algorithm)
            self.fail(live.seq, f"It failed: {type(error).__name__}: {error}"[:1000])
            return
        self.samples.append((time.monotonic() - began) * 1000)
        self.publish(self.whereabouts.draw(drawing, live, self.cases), live.seq, live.seq, timezone.now())
        self.took_s = time.monotonic() - began
        if len(self.samples) == SAMPLE and median(self.samples) > OUT_MS:
            self.move(out=True)

    def _derived(self, live: LiveLog) -> Drawing:
        """What the algorithm finds; as before, where all that it depends on is."""
        algorithm = ALGORITHMS[self.algorithm]
        key = algorithm.state_key(live, self.cases)
        if self._drawing is None or key is None or key != self._key:
            self._drawing = algorithm.derive(live, self.cases, self.parameters)
            self._key = key
        return self._drawing


def _definition(drawing: Drawing, picture: Picture) -> dict[str, object] | None:
    if "net" not in drawing:
        return None
    number = numbers(picture)
    at = [[number.get(id_, id_) if isinstance(id_, str) else id_ for id_ in place] for place in drawing.get("at", [])]
    return {"net": drawing["net"], "at": at}
