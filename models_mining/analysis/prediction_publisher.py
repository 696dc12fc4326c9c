"""Rows of predictions, written while somebody looks at them: only what changed, a slice at a time."""

import heapq
import time
from datetime import timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from foundation.moments import moment
from foundation.processes import hints
from foundation.processes.leases import Held
from models_mining.core.live_log import Case, LiveLog, LoggedEvent, Turns
from models_mining.core.prediction.forecasting import Forecaster
from models_mining.core.prediction.next_step import END, Next, next_activity
from models_mining.models import Analysis, Prediction
from streams.models import EventLog

MOST = 10_000  # open cases with a row: those last heard of
SLICE = 500  # rows written in one go
EVERY_S = 2.0  # between two looks at what changed
SHARE = 0.5  # of the time may go into writing
AGES_S = 60.0  # silent cases are predicted anew so often: the longer the silence, the longer it will take
WATCHED = timedelta(seconds=60)  # who asks is taken to look on for so long
SHOWN = 5  # activities told of a case, the likeliest ones
_FIELDS = ["activity", "seq", "last_at", "as_of", "next", "remaining_s", "low_s", "high_s"]


class PredictionPublisher:
    """The rows of one log. As an observer of its live log it notes which cases have news."""

    def __init__(self, log: int, held: Held, forecaster: Forecaster) -> None:
        self.log, self.held, self.forecaster = log, held, forecaster
        self.watched = False
        self._now_us = 0  # event time of the newest event
        self._waiting: dict[str, None] = {}  # cases whose row is to be written, in order
        self._written: set[str] | None = None  # cases with a row; None: they are not kept
        self._shown_seq = -1
        self._due_at = self._aged_at = float("-inf")

    def before(self, log: LiveLog, event: LoggedEvent) -> None:
        """Nothing to note yet."""

    def after(self, log: LiveLog, event: LoggedEvent, turns: Turns) -> None:
        """The case of the event has news, and those that turned with it."""
        self._now_us = event.at_us
        if self._written is not None:
            self._waiting[event.case] = None
            for _, name, _ in turns.made:
                self._waiting[name] = None
            for name, _ in turns.left:
                self._waiting[name] = None

    def save_due(self, live: LiveLog, now: float) -> float:
        """Write some rows, if it is time for that; when to come back."""
        if not self.watched:
            self._written = None
            self._waiting.clear()
            return now + EVERY_S
        if now < self._due_at:
            return self._due_at
        began = time.monotonic()
        if self._written is None or len(self._written) > 2 * MOST:
            self._begin(live)
        elif now - self._aged_at >= AGES_S:
            self._aged_at = now
            self._waiting.update(dict.fromkeys(self._written))
        self._write(live)
        ended = time.monotonic()
        rest = (ended - began) * (1 / SHARE - 1) if self._waiting else EVERY_S
        self._due_at = ended + rest
        return self._due_at

    def _begin(self, live: LiveLog) -> None:
        """All rows anew."""
        open_cases = ((case.seq, name) for name, case in live.cases.items() if not case.closed)
        self._waiting = {name: None for _, name in heapq.nlargest(MOST, open_cases)}
        self._written = set()
        self._aged_at = time.monotonic()
        self._now_us = self._now_us or max((case.last_at_us for case in live.cases.values()), default=0)
        with transaction.atomic():
            self.held.check()
            Prediction.objects.filter(log=self.log).delete()

    def _write(self, live: LiveLog) -> None:
        names = list(islice(self._waiting, SLICE))
        rows, gone = [], []
        written = self._written if self._written is not None else set()
        for name in names:
            case = live.cases.get(name)
            if case is not None and not case.closed:
                rows.append(self._row(live, name, case))
            elif name in written:
                gone.append(name)
        if rows or gone or self._shown_seq != live.seq:
            with transaction.atomic():
                self.held.check()
                Prediction.objects.filter(log=self.log, case__in=gone).delete()
                Prediction.objects.bulk_create(
                    rows, update_conflicts=True, unique_fields=["log", "case"], update_fields=_FIELDS
                )
                if len(names) == len(self._waiting):  # all rows are as of now
                    Analysis.objects.filter(log=self.log).update(predicted_seq=live.seq)
        if len(names) == len(self._waiting):
            self._shown_seq = live.seq
        for name in names:
            del self._waiting[name]
        written.difference_update(gone)
        written.update(row.case for row in rows)

    def _row(self, live: LiveLog, name: str, case: Case) -> Prediction:
        now_us = max(self._now_us, case.last_at_us)
        remaining = self.forecaster.remaining(case, now_us)
        median_s, low_s, high_s = (None, None, None) if remaining is None else (us / 10**6 for us in remaining[:3])
        return Prediction(
            log_id=self.log,
            case=name,
            activity=case.activity,
            seq=case.seq,
            last_at=moment(case.last_at_us),
            as_of=moment(now_us),
            next=told(next_activity(live, case)),
            remaining_s=median_s,
            low_s=low_s,
            high_s=high_s,
        )


def told(found: Next) -> list[dict[str, Any]]:
    """The likeliest activities with their probabilities, as rows keep them; null: the case ends here."""
    likeliest = heapq.nsmallest(SHOWN, found.known.items(), key=lambda item: (-item[1], item[0]))
    return [{"activity": None if name == END else name, "probability": round(p, 6)} for name, p in likeliest]


def ask_for(log: EventLog) -> Analysis:
    """Somebody looks at the predictions of ``log``: their rows are kept up to date for a while."""
    analysis, _ = Analysis.objects.get_or_create(log=log)
    now = timezone.now()
    if analysis.watched_until is None or analysis.watched_until < now + WATCHED / 2:
        unwatched = analysis.watched_until is None or analysis.watched_until < now
        Analysis.objects.filter(pk=log.pk).update(watched_until=now + WATCHED)
        if unwatched:
            hints.send(hints.WATCH)
    return analysis
