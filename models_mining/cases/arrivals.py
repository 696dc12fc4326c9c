"""Events per minute of logs, by arrival."""

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from foundation.drawing.sparkline import HOUR
from models_mining.models import Minute
from streams.models import EventLog


def minutes(logs: QuerySet[EventLog]) -> dict[int, list[int]]:
    """Events of each log by the minute over the last hour; the last one is not over."""
    begin = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=HOUR)
    found: dict[int, list[int]] = {}
    rows = Minute.objects.filter(log__in=logs, minute__gte=begin).values_list("log", "minute", "events")
    for log, minute, events in rows:
        place = min(int((minute - begin).total_seconds() // 60), HOUR)
        found.setdefault(log, [0] * (HOUR + 1))[place] += events
    return found
