"""A log with a sheet, and somebody who may do everything."""

from typing import Any

import pytest

from sheets.models import Sheet
from streams.models import EventLog

QUESTIONS: list[dict[str, Any]] = [
    {"id": "late", "kind": "yes_no", "text": "Was it late?", "required": True},
    {
        "id": "why",
        "kind": "single",
        "text": "Why?",
        "options": ["Parts were missing", "Other"],
        "required": True,
        "show_if": {"question": "late", "is": True},
    },
    {"id": "other", "kind": "long_text", "text": "Say more", "show_if": {"question": "why", "is": "Other"}},
    {"id": "felt", "kind": "likert", "text": "I was calm", "low": "not at all", "high": "very much"},
    {"id": "load", "kind": "slider", "text": "How busy were you?", "min": 0, "max": 10, "low": "idle"},
    {"id": "with", "kind": "multiple", "text": "Who was there?", "options": ["Ann", "Bob", "Eve"]},
    {"id": "people", "kind": "number", "text": "How many people?", "min": 0, "max": 50},
    {"id": "where", "kind": "text", "text": "Where?"},
]


@pytest.fixture
def log(db: None) -> EventLog:
    return EventLog.objects.create(slug="factory", name="Factory")


@pytest.fixture
def sheet(log: EventLog) -> Sheet:
    made = Sheet(slug="delay", name="Delay", log=log, label="Why did it take long?", questions=QUESTIONS, a_day=100)
    made.full_clean()
    made.save()
    return made
