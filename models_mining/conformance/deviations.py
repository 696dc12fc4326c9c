"""Deviations from a reference model by what they are: which there are, in how many cases, and in which ones.

What is not allowed by a net is told from the activities of a case's row; a broken rule by its sentence. A pending rule
is no deviation.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, StrIndex

from models_mining.conformance.conformance_tracker import SEPARATOR
from models_mining.core.drawing.nets import Net
from models_mining.models import CaseConformance, ReferenceModel

UNKNOWN, UNDUE, UNFINISHED = "unknown", "undue", "unfinished"
TIMES = "temporal_profile"


@dataclass(frozen=True)
class Deviation:
    """One thing that cases do against a reference model.

    ``kind`` is ``unknown`` (the model has no such activity), ``undue`` (it does not allow it there), ``unfinished``
    (closed, but not at an end), or the name of a rule, as ``response``. ``breach``: what a broken rule is known by.
    """

    kind: str
    activity: str
    sentence: str
    cases: int
    open_cases: int
    breach: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Names it in an address."""
        about = json.dumps([self.kind, self.activity, self.breach], sort_keys=True)
        return hashlib.sha256(about.encode()).hexdigest()[:12]


def deviations_of(reference: ReferenceModel) -> list[Deviation]:
    """All there are in the cases checked so far, those of most cases first."""
    rows = CaseConformance.objects.filter(reference=reference)
    if reference.drawing is not None and "net" in reference.drawing:
        known = {transition.label for transition in Net.from_data(reference.drawing["net"]).transitions}
        found = _of_net(rows, known)
    else:
        found = _of_rules(rows)
    return sorted(found, key=lambda one: (-one.cases, one.kind, one.sentence))


def _of_net(rows: "QuerySet[CaseConformance]", known: set[str | None]) -> Iterable[Deviation]:
    counted: dict[str, list[int]] = {}
    for text, closed, n in rows.exclude(deviating="").values_list("deviating", "closed").annotate(n=Count("pk")):
        for activity in set(text.strip(SEPARATOR).split(SEPARATOR)):
            count = counted.setdefault(activity, [0, 0])
            count[0] += n
            count[1] += 0 if closed else n
    for activity, (cases, running) in counted.items():
        if activity in known:
            said = f"{activity} where the model does not allow it"
            yield Deviation(UNDUE, activity, said, cases, running)
        else:
            yield Deviation(UNKNOWN, activity, f"{activity} is not in the model", cases, running)
    ended = rows.filter(_unfinished()).count()
    if ended:
        yield Deviation(UNFINISHED, "", "The case ended before it was through the model", ended, 0)


def _unfinished() -> Q:
    return Q(closed=True, fits=False, count=0)


def _of_rules(rows: "QuerySet[CaseConformance]") -> Iterable[Deviation]:
    counted: dict[str, list[Any]] = {}
    broken = rows.exclude(count=0).values_list("breaches", "closed")
    for breaches, closed in broken.iterator():
        ways: dict[str, Any] = {}
        for one in breaches:
            if not one["pending"]:
                about = {name: one[name] for name in ("rule", "activities", "activity")}
                if one["rule"] != TIMES:  # there each sentence has a time of its own
                    about["sentence"] = one["sentence"]
                ways[json.dumps(about)] = about
        for key, about in ways.items():
            count = counted.setdefault(key, [about, 0, 0])
            count[1] += 1
            count[2] += 0 if closed else 1
    for about, cases, running in counted.values():
        said = about.get("sentence") or "{1} came sooner or later after {0} than usual".format(*about["activities"])
        yield Deviation(about["rule"], about["activity"], said, cases, running, about)


def cases_with(rows: "QuerySet[CaseConformance]", deviation: Deviation) -> "QuerySet[CaseConformance]":
    """Those of ``rows`` that do this."""
    if deviation.kind == UNFINISHED:
        return rows.filter(_unfinished())
    if deviation.breach:
        if connection.features.supports_json_field_contains:
            return rows.filter(count__gt=0, breaches__contains=[{**deviation.breach, "pending": False}])
        text = json.dumps(deviation.breach)[1:-1]  # SQLite keeps JSON as it was written
        return _with_text(rows.filter(count__gt=0).alias(told=Cast("breaches", TextField())), "told", text)
    return _with_text(rows, "deviating", f"{SEPARATOR}{deviation.activity}{SEPARATOR}")


def _with_text(rows: "QuerySet[CaseConformance]", column: str, text: str) -> "QuerySet[CaseConformance]":
    """Exactly as it is written: LIKE knows no case on SQLite."""
    found: QuerySet[CaseConformance] = rows.alias(place=StrIndex(column, Value(text))).filter(place__gt=0)
    return found
