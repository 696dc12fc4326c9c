"""Following one log: events after the cursor → live log → rows, pictures, checkpoints.

Start-up, catching up after a crash and normal running are the same code: a cursor, and events behind it.
"""

import logging
import secrets
import time
from collections import Counter
from collections.abc import Iterator

from django.conf import settings
from django.db import transaction

from models_mining import checkpoints, reading, rows
from models_mining.core.journal import Journal
from models_mining.core.live_log import LiveLog
from models_mining.core.seen import Seen
from models_mining.models import LogState, MinedModel
from models_mining.painting import Painter
from streams import leases
from streams.models import EventLog

logger = logging.getLogger(__name__)

CHUNK = 2000  # events read and learnt in one go
ROWS_S = 1.0  # between two saves of the rows of touched cases
SHARE = 4  # saving may take one part in so many of the time


class LeaseLostError(RuntimeError):
    """Another miner owns the log now: stop and let go."""


class Follower:
    """Keeps the live log of one stored log, and everything derived from it, up to date."""

    def __init__(self, log: EventLog, fence: int) -> None:
        self.log = log
        self.fence = fence
        self.tail = reading.TailReader(log.pk)
        self.pending = rows.Pending()
        self.saved_at = self.checkpoint_at = time.monotonic()
        self.save_took_s = 0.0
        models = list(MinedModel.objects.filter(log=log))
        self.settings = checkpoints.wanted(log, models)
        self.key = self.settings.key
        self.checkpoint_seq = 0
        self.live, self.epoch = self._load()
        self.live.journal = Journal()
        self.painters = {model.pk: Painter(model, self.epoch, self._check_lease) for model in models}

    @property
    def lease(self) -> str:
        """The name of the lease that guards this log."""
        return f"log:{self.log.pk}"

    # --- Beginning ----------------------------------------------------------------------

    def _load(self) -> tuple[LiveLog, str]:
        """The live log at what the rows stand for: from a checkpoint, else from the table."""
        state = LogState.objects.filter(log=self.log).first()
        if state is None or state.settings_key != self.key:
            return self._rebuild()
        live = checkpoints.newest(self.log.pk, self.key, state.seq)
        if live is None:
            logger.info("Log %s: no checkpoint, rediscovering %s events", self.log.slug, state.seq)
            live = self.settings.new_live_log(reading.activities(self.log.pk, state.seq))
            live.learn_sorted(reading.in_order(self.log.pk, state.seq), self.tail)
        else:
            self.checkpoint_seq = live.seq
        while live.seq < state.seq:
            for event, _ in reading.after(self.log.pk, live.seq, min(CHUNK, state.seq - live.seq)):
                live.learn_one(event, self.tail)
        return live, state.epoch

    def _rebuild(self) -> tuple[LiveLog, str]:
        """Mine the whole table anew, and write all rows: a new log, or one whose settings changed."""
        self.log.refresh_from_db()
        upto = self.log.next_seq - 1
        live = self.settings.new_live_log(reading.activities(self.log.pk, upto))
        events = Counter[int]()
        first: dict[str, int] = {}

        def counted() -> Iterator[Seen]:
            for event in reading.in_order(self.log.pk, upto):
                minute = event.received_at_us // rows.MINUTE_US
                events[minute] += 1
                first[event.case] = min(first.get(event.case, minute), minute)
                yield event

        live.learn_sorted(counted(), self.tail)
        started = Counter(first.values())
        closed = Counter(case.received_at_us // rows.MINUTE_US for case in live.cases.values() if case.closed)
        rows.forget(self.log.pk)
        names = list(live.cases)
        for start in range(0, len(names), CHUNK):
            some = names[start : start + CHUNK]
            rows.save_cases(self.log.pk, live, some, reading.traces(self.log.pk, some))
        with transaction.atomic():
            self._check_lease()
            rows.save_minutes(self.log.pk, rows.Pending(events=events, started=started, closed=closed))
            epoch = secrets.token_hex(5)[:9]  # a model adds three characters of its own
            rows.save_state(self.log.pk, epoch, self.key, live)
        logger.info("Log %s: mined %s events of %s cases", self.log.slug, upto, len(live.cases))
        return live, epoch

    # --- Going on -----------------------------------------------------------------------

    def step(self) -> int:
        """Learn the next events, if there are any; how many."""
        chunk = reading.after(self.log.pk, self.live.seq, CHUNK)
        for event, trace in chunk:
            self.live.learn_one(event, self.tail)
            self.pending.events[event.received_at_us // rows.MINUTE_US] += 1
            if trace is not None:
                self.pending.traces.setdefault(event.case, {}).update(trace)
        if chunk:
            self._collect()
        return len(chunk)

    def _collect(self) -> None:
        if self.live.journal is None:
            return
        changes = self.live.journal.drain()
        self.pending.touched |= changes.touched
        self.pending.transitions(changes.transitions)
        for painter in self.painters.values():
            painter.note(changes, self.live.seq)

    def save_due(self, now: float) -> float:
        """Save what is due: pictures, rows, a checkpoint. When to look again at the latest (monotonic seconds)."""
        due = [painter.save_due(self.live, now) for painter in self.painters.values()]
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
            self._check_lease()
            rows.save(self.log.pk, self.epoch, self.key, self.live, self.pending)
        self.pending = rows.Pending()
        self.saved_at = time.monotonic()
        self.save_took_s = self.saved_at - began

    def save_checkpoint(self) -> None:
        """Rows first, so that no checkpoint is ahead of them; and what it need not hold, memory need not either."""
        if self.pending.events:
            self.save_rows()
        self.live.forget_closed(settings.CLOSED_CASES)
        with transaction.atomic():
            self._check_lease()
            checkpoints.save(self.log.pk, self.key, self.live)
        self.checkpoint_seq, self.checkpoint_at = self.live.seq, time.monotonic()

    def close(self) -> None:
        """A clean end: everything saved, the lease let go."""
        for painter in self.painters.values():
            painter.save(self.live)
        if self.live.seq > self.checkpoint_seq:
            self.save_checkpoint()
        leases.release(self.lease, self.fence)

    def refresh(self, log: EventLog, models: dict[int, MinedModel]) -> bool:
        """Take up new models and changed parameters, as read just now; False where the log must be mined anew."""
        if checkpoints.wanted(log, models.values()).keeping(self.settings) != self.settings:
            return False
        for gone in self.painters.keys() - models.keys():
            del self.painters[gone]
        for pk, model in models.items():
            painter = self.painters.get(pk)
            if painter is None or not painter.same(model):
                self.painters[pk] = Painter(model, self.epoch, self._check_lease)
            else:
                painter.watched_until = model.watched_until
        return True

    def _check_lease(self) -> None:
        """Call it inside each transaction that saves: raises LeaseLostError if the log is not ours any more."""
        if not leases.holds(self.lease, self.fence):
            raise LeaseLostError(f"Another miner follows log {self.log.slug} now.")
