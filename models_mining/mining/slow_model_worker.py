"""Models that take long: derived in processes of their own from a live log that a worker keeps beside the miner's."""

import logging
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone

from foundation.processes.children import Child, Refusal
from foundation.processes.leases import Held
from models_mining.core.discovery.pm4py_bridge import loading
from models_mining.core.discovery.registry import ALGORITHMS, NotDerivableError, get
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.live_log import LiveLog
from models_mining.mined_models.case_positions import counts_itself
from models_mining.mined_models.picture_publisher import BACK_MS, OTHERS_S, RESTS_S, SAMPLE, PicturePublisher
from models_mining.mining.follow import LogWorker
from models_mining.models import MinedModel
from streams.models import EventLog

logger = logging.getLogger(__name__)

POLL_S = 0.02  # between two looks at a process under way


class SlowPicturePublisher(PicturePublisher):
    """Derives a model in a forked process; between two derivations only where the cases stand is painted anew."""

    def __init__(self, model: MinedModel, log_epoch: str, guard: Callable[[], None], *, asked: bool) -> None:
        super().__init__(model, log_epoch, guard)
        self._asked = asked  # whether or not somebody looks at it
        self.derived_seq = self.picture["derived_seq"] if self.picture else -1
        self.child: Child | None = None
        self._drawing: Drawing | None = None
        self._key: int | None = None  # of the state it was derived from
        self._began_seq, self._began_at = -1, timezone.now()
        self._derived_at = self._began_at
        self._rests_until = float("-inf")

    def due(self, live: LiveLog) -> float | None:
        """When the next derivation may begin (monotonic seconds); None where there is nothing to derive."""
        current = self.picture is not None and live.seq <= self.derived_seq
        if current or live.seq == self.failed_seq or self.child is not None:
            return None
        if self.picture is not None and not (self._asked or self.watched):
            return None
        return max(self._rests_until, self.not_before)

    def begin(self, live: LiveLog) -> None:
        """Fork: the child derives from the live log as it is at this moment."""
        if self.algorithm in ALGORITHMS and ALGORITHMS[self.algorithm].pm4py:
            loading.load()  # once, here: a child would have to do it every time
        self._began_seq, self._began_at = live.seq, timezone.now()
        self.child = Child(
            lambda _: self._derive(live), seconds=settings.WORK_SECONDS, memory_mb=settings.WORK_MEMORY_MB
        )

    def _derive(self, live: LiveLog) -> dict[str, Any]:
        began = time.monotonic()
        algorithm = get(self.algorithm)
        key = algorithm.state_key(live, self.cases)
        told = {"key": None if key is None else hash(key)}  # a fork hashes texts as its parent and siblings do
        if key is None or self._drawing is None or told["key"] != self._key:
            try:
                told["drawing"] = algorithm.derive(live, self.cases, self.parameters)
            except NotDerivableError as error:
                raise Refusal(str(error)) from error
        return told | {"took_ms": (time.monotonic() - began) * 1000}

    def finish_if_done(self, live: LiveLog) -> None:
        """Save what the child found, if it has ended: the picture, or why there is none."""
        outcome = self.child.poll() if self.child is not None else None
        if outcome is None:
            return
        self.child = None
        self._rests_until = time.monotonic() + max(OTHERS_S, outcome.took_s)  # half of the time at most
        if outcome.error:
            logger.warning("Model %s (%s): %s", self.pk, self.algorithm, outcome.error)
            self.fail(self._began_seq, outcome.error)
            return
        self._drawing = outcome.value.get("drawing", self._drawing)  # none: nothing that it depends on has changed
        self._key, self.derived_seq, self._derived_at = outcome.value["key"], self._began_seq, self._began_at
        self.samples.append(outcome.value["took_ms"])
        self._repaint(live)
        live_class = self.algorithm in ALGORITHMS and ALGORITHMS[self.algorithm].cost == "live"
        if live_class and len(self.samples) == SAMPLE and median(self.samples) < BACK_MS:
            self.move(out=False)

    def repaint_due(self, live: LiveLog, now: float) -> float:
        """Show where the cases stand now, if that may be renewed; when to ask again."""
        shown = self.whereabouts.complete and (live.seq <= self.seq or not self.watched)
        if self._drawing is None or shown or counts_itself(self._drawing):
            return now + RESTS_S
        if now < self.saved_at + OTHERS_S:
            return self.saved_at + OTHERS_S
        self._repaint(live)
        return now + OTHERS_S

    def _repaint(self, live: LiveLog) -> None:
        """Save what was derived, with the cases where they stand by now."""
        if self._drawing is not None:
            drawing = self.whereabouts.draw(self._drawing, live, self.cases)
            seq = self.derived_seq if counts_itself(self._drawing) else live.seq
            self.publish(drawing, seq, self.derived_seq, self._derived_at)

    def close(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child = None


class SlowModelWorker(LogWorker[SlowPicturePublisher]):
    """Follows a log for its slow models; one of them at a time is derived, the newest state of the log first."""

    home: ClassVar[str] = "work"

    def __init__(
        self, log: EventLog, models: Mapping[int, MinedModel], held: Held, free: Callable[[], bool], *, asked: bool
    ) -> None:
        self._free = free  # whether one more process may run
        self._asked = asked
        self._trimmed_at = float("-inf")
        super().__init__(log, models, held)

    def painter(self, model: MinedModel) -> SlowPicturePublisher:
        return SlowPicturePublisher(model, self.epoch, self.held.check, asked=self._asked)

    @property
    def busy(self) -> bool:
        """Whether a derivation is under way."""
        return any(painter.child is not None for painter in self.painters.values())

    def save_due(self, now: float) -> float:
        if now - self._trimmed_at >= settings.CHECKPOINT_S:
            self._trimmed_at = now
            self.forget_closed()
        painters = list(self.painters.values())
        for painter in painters:
            painter.finish_if_done(self.live)
        due = [painter.repaint_due(self.live, now) for painter in painters]
        if not self.busy:
            waiting = {painter.pk: at for painter in painters if (at := painter.due(self.live)) is not None}
            ready = [painter for painter in painters if waiting.get(painter.pk, now + 1) <= now]
            due += [at for at in waiting.values() if at > now]
            if ready and self._free():
                min(ready, key=lambda painter: painter.saved_at).begin(self.live)
                self.painted_at = now
            elif ready:
                due.append(now + POLL_S)
        if self.busy:
            due.append(now + POLL_S)
        return min(due, default=now + RESTS_S)
