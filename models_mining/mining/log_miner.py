"""What the miner keeps of a log: rows of its cases and minutes, checkpoints, pictures of its live models."""

import logging
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from django.conf import settings
from django.db import transaction

from foundation.processes.leases import Held
from foundation.progress import Progress, ignore
from models_mining.core.live_log import Changes, LiveLog
from models_mining.mined_models.picture_publisher import LivePicturePublisher, Share
from models_mining.mining import rediscovery, rows
from models_mining.mining.follow import CHUNK, LogWorker, NotMinedError
from models_mining.models import MinedModel
from models_mining.store import checkpoints, event_reader
from streams.models import EventLog

logger = logging.getLogger(__name__)

ROWS_S = 1.0  # between two saves of the rows of touched cases
SHARE = 4  # saving them may take one part in so many of the time


class LogMiner(LogWorker[LivePicturePublisher]):
    """Keeps the rows, checkpoints and live pictures of one log up to date."""

    home: ClassVar[str] = "mine"

    def __init__(
        self, log: EventLog, models: Mapping[int, MinedModel], held: Held, share: Share, report: Progress = ignore
    ) -> None:
        self.share = share  # of the time, for the pictures of all logs of this process
        self.pending = rows.Pending()
        self.saved_at = self.checkpoint_at = time.monotonic()
        self.save_took_s = 0.0
        self.mined = 0  # events of a log that nothing was derived from before
        super().__init__(log, models, held, report)

    # --- Beginning ----------------------------------------------------------------------

    def _begin(self, wanted: checkpoints.LiveSettings) -> tuple[checkpoints.LiveSettings, LiveLog, str]:
        try:
            return super()._begin(wanted)
        except NotMinedError:
            return wanted, *self._rebuild(wanted)

    def _rebuild(self, wanted: checkpoints.LiveSettings) -> tuple[LiveLog, str]:
        """Mine the whole table anew, and write all rows: a new log, or one whose settings changed."""
        self.log.refresh_from_db()
        upto = self.log.next_seq - 1
        live, passed = rediscovery.from_nothing(self.log.pk, wanted, upto, partial(self.report, f"log {self.log.slug}"))
        cases = passed.outside | live.cases
        closed = Counter(case.received_at_us // rows.MINUTE_US for case in cases.values() if case.closed)
        rows.forget(self.log.pk)
        names = list(cases)
        for start in range(0, len(names), CHUNK):
            some = names[start : start + CHUNK]
            rows.save_cases(self.log.pk, live, some, event_reader.traces(self.log.pk, some), passed.outside)
            self.report(f"log {self.log.slug}, saving", start + len(some), len(names), unit="cases")
        with transaction.atomic():
            self.held.check()
            rows.save_minutes(self.log.pk, rows.Pending(events=passed.events, started=passed.started, closed=closed))
            epoch = secrets.token_hex(5)[:9]  # a model adds three characters of its own
            rows.save_state(self.log.pk, epoch, wanted.key, live)
        logger.info("Log %s: mined %s events of %s cases", self.log.slug, upto, len(cases))
        self.mined = upto
        return live, epoch

    def painter(self, model: MinedModel) -> LivePicturePublisher:
        return LivePicturePublisher(model, self.epoch, self.held.check)

    # --- Going on -----------------------------------------------------------------------

    def learnt(self, read: event_reader.Read) -> None:
        event, trace = read
        self.pending.events[event.received_at_us // rows.MINUTE_US] += 1
        if trace is not None:
            self.pending.traces.setdefault(event.case, {}).update(trace)

    def changed(self, changes: Changes) -> None:
        self.pending.touched |= changes.touched
        self.pending.left |= changes.left
        self.pending.transitions(changes.transitions)

    def save_due(self, now: float) -> float:
        """Save what is due: pictures, rows, a checkpoint."""
        due = []
        for painter in sorted(self.painters.values(), key=lambda painter: painter.saved_at):
            due.append(painter.save_due(self.live, now, self.share))
            self.painted_at = max(self.painted_at, painter.saved_at)
        if self.pending.events:
            rows_at = self.saved_at + max(ROWS_S, SHARE * self.save_took_s)
            if now >= rows_at:
                self.save_rows()
            else:
                due.append(rows_at)
        learnt = self.live.seq - self.checkpoint_seq
        if learnt and (learnt >= settings.CHECKPOINT_EVENTS or now - self.checkpoint_at >= settings.CHECKPOINT_S):
            self.save_checkpoint()
        return min(due, default=now + ROWS_S)

    def save_rows(self) -> None:
        """Write the rows of what was touched; with them LogState says how far they are."""
        began = time.monotonic()
        with transaction.atomic():
            self.held.check()
            rows.save(self.log.pk, self.epoch, self.settings.key, self.live, self.pending)
        self.pending = rows.Pending()
        self.saved_at = time.monotonic()
        self.save_took_s = self.saved_at - began

    def save_checkpoint(self) -> None:
        """Rows first, so that no checkpoint is ahead of them; and what it need not hold, memory need not either."""
        if self.pending.events:
            self.save_rows()
        self.forget_closed()
        with transaction.atomic():
            self.held.check()
            checkpoints.save(self.log.pk, self.settings.key, self.live)
        self.checkpoint_seq, self.checkpoint_at = self.live.seq, time.monotonic()

    def close(self) -> None:
        """A clean end: everything saved, the lease let go."""
        for painter in self.painters.values():
            painter.save(self.live)
        if self.live.seq > self.checkpoint_seq:
            self.save_checkpoint()
        super().close()
