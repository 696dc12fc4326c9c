"""Following how the cases of a log agree with its active reference model: a row for each, and figures over time.

A worker does it on the way of its :class:`~models_mining.analysis.log_analyzer.LogAnalyzer`, whose live log it looks
at. Rows are written for the cases that were touched, running ones first where all are to be written; it all follows
from the events, so after a restart only what was touched since the rows were written is written anew.
"""

import time
from collections.abc import Iterable, Sequence
from itertools import groupby, islice

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from foundation.moments import microseconds
from foundation.processes.leases import Held
from models_mining.conformance.conformance_metrics import ConformanceMetrics
from models_mining.core.conformance.checker import ConformanceChecker, Judgement
from models_mining.core.conformance.references import judge_of
from models_mining.core.live_log import LiveLog, LoggedEvent, Step, Turns
from models_mining.models import Case, CaseConformance, ReferenceModel
from models_mining.store import event_reader
from streams.models import Event

SLICE = 500  # cases written in one go
READ = 20_000  # events read back in one go, or those of one case
SWEPT = 5000  # rows removed in one go
POLL_S = 0.05  # between two looks at a process under way
EVERY_S = 1.0  # between two passes over what was touched
SHARE = 3  # it may take one part in so many of the time, and one more
SEPARATOR = "\x1f"  # of the names of activities
_FIELDS = [
    *("seq", "length", "closed", "fits", "fitness", "exact", "pm4py"),
    *("count", "deviations", "breaches", "unknown", "deviating"),
]


class ConformanceTracker:
    """Keeps the rows of one log. As an observer of its live log it notes which cases have news."""

    def __init__(self, log: int, held: Held, epoch: str) -> None:
        self.log, self.held, self.epoch = log, held, epoch
        self.wanted = 0  # the active reference model, 0: none …
        self.told = False  # … once that is known
        self._begun = False
        self.reference = 0  # that is followed now
        self._judge: ConformanceChecker | None = None
        self._touched: dict[str, None] = {}  # since the pass under way began
        self._waiting: dict[str, None] = {}  # of the pass under way, in order
        self._old: str | None = None  # the last closed case looked for a row in the table; None: all have one
        self._seq = 0  # no row is older
        self._passed_seq = 0  # when the pass began
        self._rows_after = 0  # they are newer than the live log until it comes here
        self._clean = True  # no rows of another reference model or epoch are left …
        self._stale = False  # … nor of this one
        self._due_at = self._pass_at = float("-inf")
        self._gauge: ConformanceMetrics | None = None

    def before(self, log: LiveLog, event: LoggedEvent) -> None:
        """Nothing to note yet."""

    def after(self, log: LiveLog, event: LoggedEvent, turns: Turns) -> None:
        """The case of the event has news, and those that turned with it."""
        if self._judge is not None:
            self._touched[event.case] = None
            for _, name, _ in turns.made:
                self._touched[name] = None
            for name, _ in turns.left:
                self._touched[name] = None

    def follow(self, reference: int) -> None:
        """From now on check against this reference model, which is ready; 0: against none."""
        self.wanted, self.told = reference, True

    @property
    def busy(self) -> bool:
        """Whether rows are to be written, or figures under way."""
        if not self._begun or self.wanted != self.reference or not self._clean:
            return True
        return self._gauge is not None and (not self._written or self._gauge.busy)

    @property
    def _written(self) -> bool:
        """Whether every case has a row as of now."""
        return not (self._touched or self._waiting or self._old is not None)

    # --- Beginning ----------------------------------------------------------------------

    def _begin(self, live: LiveLog) -> None:
        """Take up the wanted reference model, where its rows are, and let go of the one before."""
        self.close()
        reference = self.reference = self.wanted
        self._begun, self._clean, self._stale, self._judge, self._gauge = True, False, False, None, None
        self._touched, self._waiting, self._old = {}, {}, None
        self._pass_at = float("-inf")
        row = ReferenceModel.objects.filter(pk=reference).first()
        if row is None or row.drawing is None:  # it was removed meanwhile
            return
        self._judge = judge_of(row.algorithm, row.drawing)
        self._gauge = ConformanceMetrics(row.pk, self._judge, self.held)
        known = row.epoch == self.epoch
        self._seq = self._rows_after = row.seq if known else 0
        running = [name for name, case in live.cases.items() if not case.closed]
        self._waiting = dict.fromkeys(running)
        self._passed_seq = live.seq
        if known:  # all that may have changed since they were written
            stale = CaseConformance.objects.filter(reference=row.pk)
            if not live.is_bounded:
                stale = stale.filter(closed=False)
            self._waiting.update(dict.fromkeys(stale.values_list("case", flat=True)))
            events = Event.objects.filter(log=self.log, seq__gt=row.seq, seq__lte=live.seq)
            self._waiting.update(dict.fromkeys(events.values_list("case", flat=True).distinct()))
        if not (known and row.complete):
            self._old = ""
        self._stale = not known

    def _sweep(self) -> None:
        """Remove some rows that stand for nothing any more; what is left then is asked again."""
        rows = CaseConformance.objects.filter(reference__log=self.log)
        if not self._stale:
            rows = rows.exclude(reference=self.reference)
        found = list(rows.values_list("pk", flat=True)[:SWEPT])
        with transaction.atomic():
            self.held.check()
            CaseConformance.objects.filter(pk__in=found).delete()
            if len(found) < SWEPT:
                self._clean = True
                if self._stale:
                    begun = ReferenceModel.objects.filter(pk=self.reference)
                    begun.update(epoch=self.epoch, seq=0, complete=False)

    # --- Rows ---------------------------------------------------------------------------

    def save_due(self, live: LiveLog, now: float) -> float:
        """Write some rows, or a point, if it is time for that; when to come back."""
        if self.told and (not self._begun or self.wanted != self.reference):
            self._begin(live)
        elif now < self._due_at:
            return self._due_at
        began = time.monotonic()
        if not self._clean:
            self._sweep()
        elif self._gauge is not None and live.seq >= self._rows_after:
            self._write_next(live, now)
            self._gauge.turn(live, now, written=self._written)
        ended = time.monotonic()
        if not self._clean or self._waiting or self._old is not None:
            self._due_at = ended + SHARE * (ended - began)
        else:
            self._due_at = ended + (POLL_S if self._gauge is not None and self._gauge.busy else EVERY_S)
        return self._due_at

    def _write_next(self, live: LiveLog, now: float) -> None:
        """A slice of the pass under way; of cases that have no row yet, once that is through."""
        if not self._waiting and self._touched and now >= self._pass_at + EVERY_S:
            self._begin_pass(live, now)
        if self._waiting:
            self._write(live, list(islice(self._waiting, SLICE)))
        elif self._old is not None:
            self._write_old(live)

    def _begin_pass(self, live: LiveLog, now: float) -> None:
        self._waiting, self._touched = self._touched, {}
        self._passed_seq, self._pass_at = live.seq, now

    def _write(self, live: LiveLog, names: Sequence[str]) -> None:
        """Rows of some cases that wait."""
        rows, done = self._rows(live, names)
        gone = set(done) - {row.case for row in rows}
        with transaction.atomic():
            self.held.check()
            active = ReferenceModel.objects.select_for_update().filter(pk=self.reference, active=True)
            if not active.exists():  # not any more; it will be told
                return
            CaseConformance.objects.filter(reference=self.reference, case__in=gone).delete()
            CaseConformance.objects.bulk_create(
                rows, update_conflicts=True, unique_fields=["reference", "case"], update_fields=_FIELDS
            )
            for name in done:
                del self._waiting[name]
            if not self._waiting:
                self._seq = max(self._seq, self._passed_seq if self._touched else live.seq)
                ReferenceModel.objects.filter(pk=self.reference).update(seq=self._seq)

    def _write_old(self, live: LiveLog) -> None:
        """Closed cases that have no row, from before the reference model was followed; by their names."""
        theirs = CaseConformance.objects.filter(reference=self.reference, case=OuterRef("case"))
        known = Case.objects.filter(log=self.log, case__gt=self._old).exclude(Exists(theirs))
        names = list(known.order_by("case").values_list("case", flat=True)[:SLICE])
        if names:
            self._waiting = dict.fromkeys(names)
            self._passed_seq, self._old = self._seq, names[-1]
            self._write(live, names)
            return
        self._old = None
        with transaction.atomic():
            self.held.check()
            ReferenceModel.objects.filter(pk=self.reference).update(complete=True)

    def _rows(self, live: LiveLog, names: Sequence[str]) -> tuple[list[CaseConformance], list[str]]:
        """The rows of the first of these cases, and the names of those that were looked at; some have no row."""
        judge = self._judge
        if judge is None:
            raise RuntimeError("there is no reference model to check against")
        rows: list[CaseConformance] = []
        done: list[str] = []
        to_read: list[str] = []
        events = 0
        for name in names:
            case = live.cases.get(name)
            if case is not None and case.node is not None and not judge.timed:
                judgement = judge.of_node(case.node, closed=case.closed)
                rows.append(self._row(name, case.seq, case.length, judgement, closed=case.closed))
            elif case is not None or not live.is_bounded:  # else it is out of the log's memory
                events += case.length if case is not None else settings.TREE_DEPTH // 10
                if to_read and events > READ:
                    continue  # with the next slice
                to_read.append(name)
            done.append(name)
        for name, seq, steps in self._read(to_read, live.seq):
            case = live.cases.get(name)
            closed = case.closed if case is not None else True  # closed, and forgotten
            rows.append(self._row(name, seq, len(steps), judge.of_steps(steps, closed=closed), closed=closed))
        return rows, done

    def _read(self, names: list[str], upto: int) -> Iterable[tuple[str, int, list[Step]]]:
        """Cases with their greatest number and what they did, in order."""
        if not names:
            return
        events = Event.objects.filter(log=self.log, case__in=names).order_by("case", "at", "seq")
        found = events.values_list("case", "seq", "activity", "at").iterator(chunk_size=event_reader.CHUNK)
        for name, rows in groupby((row for row in found if row[1] <= upto), key=lambda row: row[0]):
            seqs, steps = [], []
            for _, seq, activity, at in rows:
                seqs.append(seq)
                steps.append(Step(activity, microseconds(at)))
            yield name, max(seqs), steps

    def _row(self, name: str, seq: int, length: int, found: Judgement, *, closed: bool) -> CaseConformance:
        deviating = SEPARATOR.join(["", *found.deviating, ""]) if found.deviating else ""
        return CaseConformance(
            reference_id=self.reference,
            case=name,
            seq=seq,
            length=length,
            closed=closed,
            fits=found.fits,
            fitness=None if found.exact is None else found.exact.fitness,
            exact=None if found.exact is None else found.exact._asdict(),
            pm4py=None if found.pm4py is None else found.pm4py._asdict(),
            count=found.faults,
            deviations=[one._asdict() for one in found.deviations],
            breaches=[{**one._asdict(), "activities": list(one.activities)} for one in found.breaches],
            unknown=list(found.unknown),
            deviating=deviating,
        )

    def close(self) -> None:
        """Let go of a process under way."""
        if self._gauge is not None:
            self._gauge.close()
