"""Loading pm4py when it is first needed: that takes two seconds and 200 MB."""

from typing import Any


def load() -> Any:
    """The package ``pm4py``, without progress bars and advertisements."""
    import pm4py
    from pm4py.util import constants

    constants.SHOW_PROGRESS_BAR = False
    constants.SHOW_INTERNAL_WARNINGS = False  # advertises optional packages
    return pm4py
