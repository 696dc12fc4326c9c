"""The variants of a live log, for algorithms that need whole cases instead of counts."""

from collections.abc import Mapping
from typing import NamedTuple

from models_mining.core.live_log.cases import CaseSet
from models_mining.core.live_log.live_log import LiveLog

Variant = tuple[str, ...]


class Variants(NamedTuple):
    """``counts`` is the number of cases with exactly this sequence of activities, sorted by the sequence.

    The order is fixed, so an algorithm that breaks ties by the order of its input finds the same model again.
    ``overflow`` cases are not among them: the prefix tree has no room for these.
    """

    counts: Mapping[Variant, int]
    overflow: int


def variants_of(log: LiveLog, cases: CaseSet = "all") -> Variants:
    """Return the variants of all or of closed cases; a running case counts with its events so far.

    Raises LookupError if closed cases are not tracked.
    """
    counted = log.counts(cases).cases
    found = dict(sorted(log.tree.variants(closed_only=cases == "closed").items()))
    return Variants(found, counted - sum(found.values()))


def events_by_activity(variants: Mapping[Variant, int]) -> dict[str, int]:
    """Return the number of events of each activity in these cases."""
    events: dict[str, int] = {}
    for variant, cases in variants.items():
        for activity in variant:
            events[activity] = events.get(activity, 0) + cases
    return events
