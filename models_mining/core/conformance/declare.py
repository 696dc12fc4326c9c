"""Whether a case keeps DECLARE constraints, a running one without what only its end can tell.

Source: Maggi, Montali, Westergaard, van der Aalst: Monitoring business constraints with linear temporal logic, BPM
2011 (what is pending); pm4py.conformance_declare (what is broken in the end).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models_mining.core.conformance.breaches import Breach, Verdict, breach, places_of
from models_mining.core.drawing.constraints import drawn_constraints

Constraint = tuple[str, tuple[str, ...]]
"""A template, and the activity or the two that fill it."""

Places = Sequence[int]
BROKEN, KEPT, PENDING = Verdict.BROKEN, Verdict.KEPT, Verdict.PENDING


def read(drawing: Mapping[str, Any]) -> list[Constraint]:
    """The constraints of a drawing (or a stored picture) of the algorithm ``declare``."""
    said = drawn_constraints(drawing, "constraints")
    return [(one["template"], about) for about, constraints in said.items() for one in constraints]


def deviations(constraints: Sequence[Constraint], trace: Sequence[str], *, closed: bool) -> list[Breach]:
    """The constraints a case does not keep; of a closed case exactly those that pm4py finds violated.

    A template that is not known is a KeyError.
    """
    places = places_of(trace)
    found: list[Breach] = []
    for template, activities in constraints:
        if len(activities) == 1:
            (a,) = activities
            judge, said = _OF_ONE[template]
            found += breach(
                judge(places.get(a, ()), len(trace)), template, activities, a, said.format(a=a), closed=closed
            )
        else:
            a, b = activities
            relation, shown, said = _OF_TWO[template]
            verdict = relation(places.get(a, ()), places.get(b, ()), len(trace))
            found += breach(verdict, template, activities, activities[shown], said.format(a=a, b=b), closed=closed)
    return found


def _existence(a: Places, length: int) -> Verdict:
    return KEPT if a else PENDING


def _absence(a: Places, length: int) -> Verdict:
    return BROKEN if a else KEPT


def _exactly_one(a: Places, length: int) -> Verdict:
    return (PENDING, KEPT)[len(a)] if len(a) < 2 else BROKEN


def _init(a: Places, length: int) -> Verdict:
    if not length:
        return PENDING
    return KEPT if a and a[0] == 0 else BROKEN


def _responded_existence(a: Places, b: Places, length: int) -> Verdict:
    return PENDING if a and not b else KEPT


def _coexistence(a: Places, b: Places, length: int) -> Verdict:
    return KEPT if bool(a) == bool(b) else PENDING


def _noncoexistence(a: Places, b: Places, length: int) -> Verdict:
    return BROKEN if a and b else KEPT


def _response(a: Places, b: Places, length: int) -> Verdict:
    return PENDING if a and not (b and b[-1] > a[-1]) else KEPT


def _precedence(a: Places, b: Places, length: int) -> Verdict:
    return BROKEN if b and not (a and a[0] < b[0]) else KEPT


def _altresponse(a: Places, b: Places, length: int) -> Verdict:
    for place, following in zip(a, [*a[1:], length], strict=False):
        if not any(place < other < following for other in b):
            return PENDING if place == a[-1] else BROKEN
    return KEPT


def _altprecedence(a: Places, b: Places, length: int) -> Verdict:
    kept = all(any(before < other < place for other in a) for before, place in zip([-1, *b], b, strict=False))
    return KEPT if kept else BROKEN


def _chainresponse(a: Places, b: Places, length: int) -> Verdict:
    after = set(b)
    missing = [place for place in a if place + 1 not in after]
    if not missing:
        return KEPT
    return PENDING if missing == [length - 1] else BROKEN


def _chainprecedence(a: Places, b: Places, length: int) -> Verdict:
    before = set(a)
    return KEPT if all(place - 1 in before for place in b) else BROKEN


Relation = Callable[[Places, Places, int], Verdict]


def _both(one: Relation, other: Relation) -> Relation:
    return lambda a, b, length: max(one(a, b, length), other(a, b, length))


def _not(relation: Relation) -> Relation:
    """pm4py's negative templates: broken where both occur and the relation is kept, which may yet change."""
    return lambda a, b, length: PENDING if a and b and relation(a, b, length) is KEPT else KEPT


_succession = _both(_response, _precedence)
_chainsuccession = _both(_chainresponse, _chainprecedence)

_OF_ONE: dict[str, tuple[Callable[[Places, int], Verdict], str]] = {
    "existence": (_existence, "{a} has not happened"),
    "absence": (_absence, "{a} has happened, which it must not"),
    "exactly_one": (_exactly_one, "{a} has not happened exactly once"),
    "init": (_init, "the case did not begin with {a}"),
}

_OF_TWO: dict[str, tuple[Relation, int, str]] = {
    "responded_existence": (_responded_existence, 0, "{a} happened without {b}"),
    "coexistence": (_coexistence, 0, "of {a} and {b} only one happened"),
    "noncoexistence": (_noncoexistence, 1, "{a} and {b} both happened, which they must not"),
    "response": (_response, 0, "{b} has not followed {a}"),
    "precedence": (_precedence, 1, "{b} happened without {a} before it"),
    "succession": (_succession, 1, "{a} and {b} have not happened in this order"),
    "altresponse": (_altresponse, 0, "{b} has not followed {a} before the next {a}"),
    "altprecedence": (_altprecedence, 1, "{b} happened without {a} since the {b} before it"),
    "altsuccession": (_both(_altresponse, _altprecedence), 1, "{a} and {b} have not happened in turn"),
    "chainresponse": (_chainresponse, 0, "{b} has not come directly after {a}"),
    "chainprecedence": (_chainprecedence, 1, "{b} happened without {a} directly before it"),
    "chainsuccession": (_chainsuccession, 1, "{a} and {b} have not come directly one after the other"),
    "nonsuccession": (_not(_succession), 1, "{b} has followed {a}, which it must not"),
    "nonchainsuccession": (_not(_chainsuccession), 1, "{b} has come directly after {a}, which it must not"),
}
"""How each template is judged, which of its two activities a breach is shown at, and how it is told."""
