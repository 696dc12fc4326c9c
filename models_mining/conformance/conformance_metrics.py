"""The figures of a log and its active reference model over time: a point now and then, where they have changed."""

import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count

from foundation.moments import moment
from foundation.processes.children import Child
from foundation.processes.leases import Held
from models_mining.core.conformance.checker import ConformanceChecker, NetChecker
from models_mining.core.conformance.figures import figures
from models_mining.core.live_log import LiveLog
from models_mining.models import CaseConformance, ConformancePoint, ReferenceModel

logger = logging.getLogger(__name__)

POINT_S = 60.0  # between two points
POINTS = 1000  # kept of a reference model; then every second one of the older half goes


class ConformanceMetrics:
    """Works out the figures of one reference model: by a net in a process of its own, by rules from the cases' rows."""

    def __init__(self, reference: int, judge: ConformanceChecker, held: Held) -> None:
        self.reference, self.judge, self.held = reference, judge, held
        self._child: Child | None = None
        self._of = 0, 0  # event, and its arrival, that the figures under way stand for
        self._due_at = float("-inf")
        self._seq = 0  # of the newest ones

    @property
    def busy(self) -> bool:
        """Whether figures are under way."""
        return self._child is not None

    def turn(self, live: LiveLog, now: float, *, written: bool) -> None:
        """Keep what was worked out, or begin again if it is time; ``written``: the rows are as the log is."""
        if self._child is not None:
            outcome = self._child.poll()
            if outcome is None:
                return
            self._child = None
            if outcome.error:
                logger.warning("The figures of reference model %s: %s", self.reference, outcome.error)
            else:
                self._keep(*self._of, outcome.value)
        judge = self.judge
        if live.seq == self._seq or now < self._due_at or not (written or isinstance(judge, NetChecker)):
            return
        self._due_at, self._seq = now + POINT_S, live.seq
        if isinstance(judge, NetChecker):
            self._of = live.seq, live.newest_received_us
            self._child = Child(
                lambda _: figures(live, judge.exact, judge.pm4py),
                seconds=settings.WORK_SECONDS,
                memory_mb=settings.WORK_MEMORY_MB,
            )
        else:
            self._keep(live.seq, live.newest_received_us, self._counted())

    def _counted(self) -> dict[str, Any]:
        """How many closed cases keep all rules."""
        rows = CaseConformance.objects.filter(reference=self.reference, closed=True)
        by_verdict = dict(rows.values_list("fits").annotate(n=Count("pk")))
        cases, fitting = sum(by_verdict.values()), by_verdict.get(True, 0)
        share = 100.0 * fitting / cases if cases else 0.0
        return {
            "cases": cases,
            "fitting": fitting,
            "undecided": by_verdict.get(None, 0),
            "left_out": 0,
            "exact": {"percentage_of_fitting_traces": share},
            "pm4py": None,
        }

    def _keep(self, seq: int, at_us: int, values: dict[str, Any]) -> None:
        """A point, unless it says what the one before says."""
        points = ConformancePoint.objects.filter(reference=self.reference)
        newest = points.order_by("-seq").first()
        if newest is not None and (newest.seq > seq or newest.values == values):
            return
        with transaction.atomic():
            self.held.check()
            if not ReferenceModel.objects.select_for_update().filter(pk=self.reference, active=True).exists():
                return
            told = {"at": moment(at_us), "values": values}
            points.update_or_create(reference_id=self.reference, seq=seq, defaults=told)  # other settings, same event
            kept = list(points.order_by("seq").values_list("pk", flat=True))
            if len(kept) > POINTS:
                points.filter(pk__in=kept[1 : len(kept) // 2 : 2]).delete()

    def close(self) -> None:
        """Let go of a process under way."""
        if self._child is not None:
            self._child.kill()
            self._child = None
