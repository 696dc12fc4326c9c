"""When and how the picture of one model is saved."""

import hashlib
import json
import time
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from models_mining.core.cases import CaseSet
from models_mining.core.discovery.registry import derive
from models_mining.core.journal import Changes, Move
from models_mining.core.live_log import LiveLog
from models_mining.models import MinedModel
from models_mining.pictures import MOVES, next_picture
from models_mining.reading import moment
from streams import hints

WATCHED_S = 0.05  # between two pictures of a model that somebody looks at
UNWATCHED_S = 2.0  # of one that nobody does: fresh enough for a poll
SHARE = 3  # deriving and saving may take one part in so many of the time


def model_epoch(model: MinedModel, log_epoch: str) -> str:
    """The epoch of a model: another one when its log is mined anew or its own parameters change."""
    kind = json.dumps([model.algorithm, model.parameters, model.cases], sort_keys=True)
    return log_epoch + hashlib.sha256(kind.encode()).hexdigest()[:3]


class Painter:
    """Derives one model from the live log, and saves its picture when that is worth it."""

    def __init__(self, model: MinedModel, epoch: str, guard: Callable[[], None]) -> None:
        self._guard = guard  # raises, inside the transaction of a save, if the log is not ours any more
        self.pk, self.algorithm, self.parameters = model.pk, model.algorithm, model.parameters
        self.cases: CaseSet = "closed" if model.cases == MinedModel.Cases.CLOSED else "all"
        self.watched_until = model.watched_until
        self.epoch = epoch = model_epoch(model, epoch)
        self.picture = model.picture if model.epoch == epoch else None
        self.version, self.seq = model.version, model.seq if model.epoch == epoch else -1
        self.moves: list[Move] = []
        self.moved = 0
        self.saved_at = -UNWATCHED_S
        self.took_s = 0.0

    def same(self, model: MinedModel) -> bool:
        """Whether the model is still what this painter paints."""
        return (model.algorithm, model.parameters, model.cases) == (self.algorithm, self.parameters, self.cases)

    def note(self, changes: Changes, seq: int) -> None:
        """Remember the newest moves, unless the saved picture showed them before a restart."""
        if seq > self.seq:
            self.moves = [*self.moves, *changes.moves][-MOVES:]
            self.moved += len(changes.moves) + changes.moves_omitted

    def save_due(self, live: LiveLog, now: float) -> float:
        """Save if the picture is behind and may be renewed now; when it may be, otherwise."""
        if live.seq <= self.seq and self.picture is not None:
            return now + UNWATCHED_S
        watched = self.watched_until is not None and self.watched_until > timezone.now()
        due = self.saved_at + max(WATCHED_S if watched else UNWATCHED_S, SHARE * self.took_s)
        if now < due:
            return due
        self.save(live)
        return now + UNWATCHED_S

    def save(self, live: LiveLog) -> None:
        """Derive the model and save its picture, if it is behind."""
        if live.seq <= self.seq and self.picture is not None:
            return
        began = time.monotonic()
        graph = derive(self.algorithm, live, cases=self.cases, parameters=self.parameters)
        derived_s = time.monotonic() - began
        picture = next_picture(
            self.picture,
            graph,
            epoch=self.epoch,
            version=self.version + 1,
            seq=live.seq,
            at=timezone.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            moves=[(move.case, move.source, move.target, moment(move.at_us).isoformat()) for move in self.moves],
            moved=self.moved,
        )
        with transaction.atomic():
            self._guard()
            MinedModel.objects.filter(pk=self.pk, algorithm=self.algorithm, cases=self.cases).update(
                picture=picture,
                epoch=self.epoch,
                version=picture["version"],
                seq=live.seq,
                took_ms=round(derived_s * 1000, 3),
                error="",
            )
        hints.send(hints.PICTURES, self.pk)
        self.picture, self.version, self.seq = picture, picture["version"], live.seq
        self.moves, self.moved = [], 0
        self.saved_at = time.monotonic()
        self.took_s = self.saved_at - began
