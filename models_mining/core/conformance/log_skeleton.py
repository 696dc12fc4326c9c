"""Whether a case keeps a log skeleton, a running one without what only its end can tell.

Source: Verbeek, de Carvalho: Log Skeletons, 2018 (arXiv 1806.08247); pm4py.conformance_log_skeleton.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from models_mining.core.conformance.breaches import Breach, Verdict, breach, places_of
from models_mining.core.drawing.constraints import Said, drawn_constraints

BROKEN, KEPT, PENDING = Verdict.BROKEN, Verdict.KEPT, Verdict.PENDING

_SENTENCES = {
    "equivalence": "{a} and {b} have not happened equally often",
    "always_after": "{b} has not followed {a}",
    "always_before": "{b} has not happened before {a}",
    "directly_follows": "{b} has not come directly after {a}",
    "never_together": "{a} and {b} both happened, which they must not",
}


def read(drawing: Mapping[str, Any]) -> Said:
    """The relations of a drawing (or a stored picture) of the algorithm ``log-skeleton``."""
    return drawn_constraints(drawing, "relations")


def deviations(skeleton: Said, trace: Sequence[str], *, closed: bool) -> list[Breach]:
    """The relations a case does not keep; of a closed case exactly those that pm4py counts.

    As there, a relation of order is kept once one of the occurrences keeps it, and an activity the skeleton does not
    have breaks ``activ_freq``.
    """
    places = places_of(trace)
    happened = Counter(trace)
    follows = set(pairwise(trace))
    found: list[Breach] = []
    for activity in [*happened, *(one for (one, *more) in skeleton if not more and one not in happened)]:
        allowed = skeleton.get((activity,))
        said = f"{activity} is not known" if allowed is None else _often(activity, happened[activity], allowed)
        verdict = _frequency(happened[activity], allowed)
        found += breach(verdict, "activ_freq", (activity,), activity, said, closed=closed)
    for about, relations in skeleton.items():
        if len(about) == 2 and about[0] in happened:
            a, b = about
            for relation in relations:
                verdict = _verdict(relation, places[a], places.get(b, []), (a, b) in follows)
                found += breach(verdict, relation, (a, b), a, _SENTENCES[relation].format(a=a, b=b), closed=closed)
    return found


def _frequency(times: int, allowed: Sequence[int] | None) -> Verdict:
    if allowed is None:
        return BROKEN
    if times in allowed:
        return KEPT
    return PENDING if max(allowed) > times else BROKEN


def _often(activity: str, times: int, allowed: Sequence[int]) -> str:
    return f"{activity} has happened {times} times, not {' or '.join(map(str, allowed))}"


def _verdict(relation: str, a: list[int], b: list[int], directly: bool) -> Verdict:
    """Of a relation whose first activity has happened. All but one can still come true."""
    if relation == "never_together":
        return BROKEN if b else KEPT
    kept = {
        "equivalence": len(a) == len(b),
        "always_after": bool(b) and a[0] < b[-1],
        "always_before": bool(b) and b[0] < a[-1],
        "directly_follows": directly,
    }[relation]
    return KEPT if kept else PENDING
