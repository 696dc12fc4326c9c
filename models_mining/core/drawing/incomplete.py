"""Drawings that do not stand for every case."""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from typing import Any

from models_mining.core.drawing.drawing import Drawing
from models_mining.core.live_log import LoggedEvent, Variants

_BEYOND = "Not exact: "
ORDER_DEPENDENT = "Depends on the order of the cases: here they are sorted by their activities."
"""What drawings say of which batch discovery promises no more, either."""


def remarked(variants: Variants, drawing: Drawing) -> Drawing:
    """``drawing``, derived from ``variants``, that now says which cases it does not stand for."""
    if variants.overflow:
        cases = "1 case that has" if variants.overflow == 1 else f"{variants.overflow} cases that have"
        drawing["remarks"] = [*drawing.get("remarks", ()), f"{_BEYOND}without {cases} outgrown the prefix tree."]
    return drawing


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
