"""The variants of a live log: what the algorithms derive from that need whole cases, not only counts."""

from collections.abc import Mapping
from typing import NamedTuple

from models_mining.core.live_log.cases import CaseSet
from models_mining.core.live_log.live_log import LiveLog

Variant = tuple[str, ...]


class Variants(NamedTuple):
    """``counts``: how many cases have exactly this sequence of activities, sorted by the sequence.

    The order is fixed, so an algorithm that breaks ties by the order of its input finds the same model again.
    ``beyond`` cases are not among them: they have outgrown the prefix tree.
    """

    counts: Mapping[Variant, int]
    beyond: int


def variants_of(log: LiveLog, cases: CaseSet = "all") -> Variants:
    """The variants of all or of closed cases; a running case counts as what it is so far.

    Closed cases that are not tracked are a LookupError.
    """
    counted = log.counts(cases).cases
    found = dict(sorted(log.tree.variants(closed_only=cases == "closed").items()))
    return Variants(found, counted - sum(found.values()))


def events_by_activity(variants: Mapping[Variant, int]) -> dict[str, int]:
    """How many events each activity has, in these cases."""
    events: dict[str, int] = {}
    for variant, cases in variants.items():
        for activity in variant:
            events[activity] = events.get(activity, 0) + cases
    return events
