"""Which open cases are late: those expected to take longer in all than nearly every closed case did."""

from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from models_mining.cases import measures
from models_mining.models import Case, Prediction
from streams.models import EventLog


@dataclass(frozen=True)
class Outlook:
    """How long an open case takes, in event time (s): until now, and in all if the prediction comes true.

    ``overdue``: at this place it has been silent for longer than any closed case that is known still took.
    """

    so_far_s: float
    in_all_s: float | None
    overdue: bool
    late: bool

    @property
    def order(self) -> tuple[bool, float]:
        """The latest is the greatest."""
        return self.overdue, self.so_far_s if self.in_all_s is None else self.in_all_s


def usual_s(log: EventLog) -> float | None:
    """What 95 of 100 closed cases did not exceed; None: none has closed."""
    return measures.closed_times(log)["p95_s"]


def outlooks(log: EventLog, usual: float | None) -> dict[int, Outlook]:
    """Of every prediction, by its key; ``usual`` from :func:`usual_s`."""
    began = Case.objects.filter(log=log, case=OuterRef("case")).values("started_at")[:1]
    rows: QuerySet[Any] = Prediction.objects.filter(log=log).annotate(began=Subquery(began))
    found = {}
    for pk, as_of, last_at, remaining_s, began_at in rows.values_list("pk", "as_of", "last_at", "remaining_s", "began"):
        so_far_s = (as_of - (began_at or last_at)).total_seconds()
        in_all_s = None if remaining_s is None else so_far_s + remaining_s
        overdue = usual is not None and remaining_s is None
        late = overdue or (usual is not None and in_all_s is not None and in_all_s > usual)
        found[pk] = Outlook(so_far_s, in_all_s, overdue, late)
    return found
