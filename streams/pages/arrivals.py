"""Events per minute of logs; the app that counts them registers itself here."""

from collections.abc import Callable

from django.db.models import QuerySet

from foundation.registry import ExtensionPoint
from streams.models import EventLog

Counts = Callable[["QuerySet[EventLog]"], dict[int, list[int]]]
"""Return for each log, by its key, the events of each minute of the last hour, the unfinished one last."""

COUNTED_BY: ExtensionPoint[Counts] = ExtensionPoint()


def minutes(logs: "QuerySet[EventLog]") -> dict[int, list[int]]:
    """Return the counts of ``logs``; empty where no app counts."""
    return {log: counts for count in COUNTED_BY.all() for log, counts in count(logs).items()}
