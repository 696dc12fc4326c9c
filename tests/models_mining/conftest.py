"""A log with events to mine."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from models_mining.models import MinedModel
from streams.events.store import NewEvent, store_events
from streams.models import EventLog

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

Store = Callable[..., list[int | None]]


@pytest.fixture
def log(db: None) -> EventLog:
    log = EventLog.objects.create(slug="orders", name="orders", end_activities=["Ship"])
    MinedModel.objects.get_or_create(log=log, algorithm="dfg", cases="all")
    return log


@pytest.fixture
def store(log: EventLog) -> Store:
    """Store events given as ``case activity minute`` texts, in this order of arrival."""
    arrived = 0

    def stored(*texts: str, **attributes: object) -> list[int | None]:
        nonlocal arrived
        events = []
        for text in texts:
            case, activity, minute = text.split()
            arrived += 1
            events.append(
                NewEvent(
                    log_id=log.pk,
                    case=case,
                    activity=activity,
                    at=NOON + timedelta(minutes=int(minute)),
                    received_at=NOON + timedelta(seconds=arrived),
                    attributes=dict(attributes),
                )
            )
        return store_events(events)

    return stored
