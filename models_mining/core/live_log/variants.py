"""The variants of a live log: what the algorithms derive from that need whole cases, not only counts."""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from typing import Any, NamedTuple

from models_mining.core.drawing.drawing import Drawing
from models_mining.core.live_log.cases import CaseSet
from models_mining.core.live_log.live_log import LiveLog
from models_mining.core.live_log.logged_event import LoggedEvent

Variant = tuple[str, ...]

_BEYOND = "Not exact: "

ORDER_DEPENDENT = "Depends on the order of the cases: here they are sorted by their activities."
"""What drawings say of which batch discovery promises no more, either."""


class Variants(NamedTuple):
    """``counts``: how many cases have exactly this sequence of activities, sorted by the sequence.

    The order is fixed, so an algorithm that breaks ties by the order of its input finds the same model again.
    ``beyond`` cases are not among them: they have outgrown the prefix tree.
    """

    counts: Mapping[Variant, int]
    beyond: int

    def remarked(self, drawing: Drawing) -> Drawing:
        """``drawing``, derived from these, that now says which cases it does not stand for."""
        if self.beyond:
            cases = "1 case that has" if self.beyond == 1 else f"{self.beyond} cases that have"
            drawing["remarks"] = [*drawing.get("remarks", ()), f"{_BEYOND}without {cases} outgrown the prefix tree."]
        return drawing


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


Audit = Callable[[Any, Iterable[LoggedEvent], Collection[str], Mapping[str, Any]], list[str]]


def where_all_cases_are_in(audit: Audit) -> Audit:
    """The same audit, that finds nothing to say of a drawing that tells itself that cases are missing in it.

    Such a drawing does not promise to equal any batch result, and which cases are missing is not a function of the
    events: places in a full tree are given first come, first served.
    """

    @wraps(audit)
    def checked(
        drawing: Any, rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
    ) -> list[str]:
        if any(remark.startswith(_BEYOND) for remark in drawing.get("remarks", ())):
            return []
        return audit(drawing, rows, closed, parameters)

    return checked
