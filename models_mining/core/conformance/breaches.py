"""What a case did against a rule: the common part of conformance with footprints, rules and temporal profiles."""

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple


class Verdict(IntEnum):
    """How a rule stands in a case. Of two rules that must both hold, the greater counts."""

    KEPT = 0
    PENDING = 1  # not kept as the case is now, but some continuation keeps it
    BROKEN = 2  # whatever comes


class Breach(NamedTuple):
    """A rule that a case does not keep.

    ``activity`` is the one to show it at, ``activities`` are those of the rule in its own order. ``pending`` is
    never set for a closed case: there everything that is not kept is broken. A breach of a running case that is not
    pending will be one of the closed case, too.
    """

    rule: str
    activities: tuple[str, ...]
    activity: str
    sentence: str
    pending: bool


def breach(
    verdict: Verdict, rule: str, activities: tuple[str, ...], activity: str, sentence: str, *, closed: bool
) -> list[Breach]:
    """None where the rule is kept, else the one that this is."""
    if verdict is Verdict.KEPT:
        return []
    pending = verdict is Verdict.PENDING and not closed
    return [Breach(rule, activities, activity, sentence + (" so far" if pending else ""), pending)]


def places_of(trace: Sequence[str]) -> dict[str, list[int]]:
    """Where each activity occurs in a case."""
    places: dict[str, list[int]] = {}
    for place, activity in enumerate(trace):
        places.setdefault(activity, []).append(place)
    return places
