"""Events per minute of logs; the app that counts them registers itself here."""

from collections.abc import Callable

from django.db.models import QuerySet
from django.utils.module_loading import import_string

from streams.models import EventLog

Counts = Callable[["QuerySet[EventLog]"], dict[int, list[int]]]
"""Return for each log, by its key, the events of each minute of the last hour, the unfinished one last."""

_COUNTED_BY: list[str] = []


def register(path: str) -> None:
    """Name the function `Counts`; only pages import it."""
    _COUNTED_BY[:] = [path]


def minutes(logs: "QuerySet[EventLog]") -> dict[int, list[int]]:
    """Return the counts of ``logs``; empty where no app counts."""
    counts: Counts | None = import_string(_COUNTED_BY[0]) if _COUNTED_BY else None
    return counts(logs) if counts else {}
