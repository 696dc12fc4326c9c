"""Rules of the kind ``deviation``: they look at what the conformance of the cases is found to be.

A worker keeps a row for each case (`models_mining.conformance.conformance_tracker`), and says up to which event all
rows are written. Up to there the cases that had events are looked at, once a pass: their rows are as new as that or
newer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from models_mining.models import CaseConformance, ReferenceModel
from rules.core.case_event import Event
from rules.core.specs import DeviationSpec
from rules.core.watches import MatchCandidate, State
from rules.engine.reading import FIELDS
from rules.models import RuleState
from streams.models import Event as Row

SPAN = 2000  # events whose cases are looked at in one go


class DeviationWatch:
    """A rule at work on verdicts. A case is told again only after it fitted in between."""

    def __init__(self, rule: int, from_seq: int, spec: DeviationSpec) -> None:
        self.rule, self.from_seq, self.spec = rule, from_seq, spec

    def reason(self, row: CaseConformance) -> str | None:
        """Why the case is to be told; None: it is not."""
        spec = self.spec
        said = _deviation(row, set(spec.activities) if spec.activities is not None else None)
        if spec.fitness_below is None:
            return said
        if row.fitness is None or row.fitness >= spec.fitness_below:
            return None
        if spec.activities is not None and said is None:
            return None
        fits = f"its fitness is {row.fitness:.2f}, below {spec.fitness_below:g}"
        return f"{fits}: {said}" if said is not None else fits


def _deviation(row: CaseConformance, activities: set[str] | None) -> str | None:
    """The newest deviation in words, of those at ``activities`` (None: at any)."""
    if row.fits is not False:
        return None
    for one in reversed(row.deviations):
        if activities is None or one["activity"] in activities:
            if one["activity"] in row.unknown:
                return f"“{one['activity']}” is not in the model"
            return f"“{one['activity']}” is not allowed there: something was skipped, or the order is wrong"
    for one in row.breaches:
        if not one["pending"] and (activities is None or one["activity"] in activities):
            return str(one["sentence"])
    return "it ended where the model does not" if activities is None else None


@dataclass
class Looked:
    """What was found up to an event."""

    upto: int
    hits: list[tuple[int, MatchCandidate]] = field(default_factory=list)
    changed: dict[tuple[int, str], tuple[int, State | None]] = field(default_factory=dict)


Told = Mapping[tuple[int, str], State]
"""What rules remember of cases, by rule and case."""


def look(
    log: int, watches: dict[int, DeviationWatch], after: int, known: int, told: Told | None = None
) -> Looked | None:
    """The next cases that were judged since event ``after``, of a log whose rules know the events up to ``known``.

    ``told`` stands for what the tables say was told before.
    """
    active = ReferenceModel.objects.filter(log=log, active=True, verdict=ReferenceModel.State.READY)
    reference = active.values("pk", "name", "seq").first()
    upto = min(known, after + SPAN, reference["seq"] if reference is not None else 0)
    if reference is None or upto <= after:
        return None
    found = Looked(upto)
    cases = set(Row.objects.filter(log=log, seq__gt=after, seq__lte=upto).values_list("case", flat=True))
    states = _told(watches, cases) if told is None else told
    rows = CaseConformance.objects.filter(reference=reference["pk"], case__in=cases).order_by("seq")
    due: list[tuple[int, CaseConformance, str]] = []
    for row in rows:
        for watch in watches.values():
            if row.seq > watch.from_seq:
                reason = watch.reason(row)
                before = states.get((watch.rule, row.case))
                new = before is None or before["reference"] != reference["pk"]
                if reason is not None and new:
                    due.append((watch.rule, row, reason))
                    found.changed[watch.rule, row.case] = row.seq, {"reference": reference["pk"]}
                elif reason is None and before is not None:
                    found.changed[watch.rule, row.case] = row.seq, None
    seqs = {row.seq for _, row, _ in due}
    events = {one[0]: Event(*one) for one in Row.objects.filter(log=log, seq__in=seqs).values_list(*FIELDS)}
    for rule, row, reason in due:
        if (event := events.get(row.seq)) is not None:  # else retention was quicker
            found.hits.append((rule, _hit(event, row, reason, reference)))
    return found


def _told(rules: Iterable[int], cases: Iterable[str]) -> Told:
    rows = RuleState.objects.filter(rule__in=rules, case__in=cases)
    return {(rule, case): state for rule, case, state in rows.values_list("rule", "case", "state")}


def _hit(event: Event, row: CaseConformance, reason: str, reference: Mapping[str, Any]) -> MatchCandidate:
    context = {
        "event": event.told(),
        "reference": {"id": reference["pk"], "name": reference["name"]},
        "fitness": row.fitness,
        "deviations": row.deviations[-5:],
        "breaches": [one for one in row.breaches if not one["pending"]][:5],
    }
    sentence = f"{event.case}: {reason}."
    return MatchCandidate(event.case, event.seq, event.activity, event.at, sentence, event.received_at, context)
