"""CloudEvents in their structured form, and times that are out of the ordinary."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.parsing.payloads import ParsedEvent, Reading, parse_cloud_event
from streams.parsing.values import PayloadError
from tests.streams.parsing.test_payloads import JSON, NOW, is_clear, outcome

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "A234-1234",
    "source": "/line/2",
    "type": "org.plant.packed",
    "subject": "order-7",
    "time": "2026-01-02T10:00:00Z",
    "datacontenttype": "application/json",
    "traceparent": "00-ab-cd-01",
    "data": {"temp": 21.5, "source": "sensor", "order": {"id": 8}, "case:channel": "web"},
}


def read(payload: object, mapping: dict[str, str] | None = None, **options: object) -> ParsedEvent:
    event = Reading.of("cloudevents", "t", mapping or {}, options).parse("t", json.dumps(payload).encode(), NOW)
    assert event is not None
    return event


def test_a_cloud_event_is_read_by_its_context_attributes_and_nothing_of_it_is_lost():
    event = read(EVENT)
    assert (event.case, event.activity, event.event_id) == ("order-7", "org.plant.packed", "A234-1234")
    assert (event.at, event.at_source) == (NOW, "given")
    assert event.attributes == {
        "source": "/line/2",
        "traceparent": "00-ab-cd-01",
        "temp": 21.5,
        "data:source": "sensor",
        "order": {"id": 8},
        "case:channel": "web",
    }


def test_pointers_stand_in_for_each_of_them():
    event = read(EVENT, {"case": "/data/order/id", "activity": "/source", "at": "/data/no", "process": "/type"})
    assert (event.case, event.activity, event.at_source, event.process) == ("8", "/line/2", "arrival", EVENT["type"])
    assert event.attributes["subject"] == "order-7"
    assert event.attributes["source"] == "sensor"  # no longer taken: the member keeps its name


def test_data_that_is_no_object_is_one_attribute():
    assert read({**EVENT, "data": [1]}).attributes["data"] == [1]
    plain = {name: value for name, value in EVENT.items() if name != "data"}
    assert "data" not in read(plain).attributes


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"specversion": None}, "missing_specversion"),
        ({"specversion": "0.3"}, "bad_specversion"),
        ({"source": ""}, "missing_source"),
        ({"subject": None}, "missing_case"),
        ({"type": ""}, "empty_activity"),
        ({"id": None}, "missing_id"),
        ({"time": "noon"}, "bad_time"),
    ],
)
def test_what_is_no_cloud_event_is_refused_with_a_reason(change, reason):
    with pytest.raises(PayloadError) as refused:
        read({**EVENT, **change})
    assert refused.value.reason == reason


KEYS = st.sampled_from([*EVENT, "data_base64"])


SOME = st.dictionaries(KEYS, JSON, max_size=3)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no mistake
@given(SOME | SOME.map(lambda some: EVENT | some) | JSON)
def test_whatever_is_sent_as_a_cloud_event_the_result_is_storable_or_a_payload_error(item):
    assert is_clear(outcome(parse_cloud_event, item, NOW))


@pytest.mark.parametrize(
    ("time", "options", "expected"),
    [
        ("1970-01-01T00:00:09Z", {}, (datetime(1970, 1, 1, 0, 0, 9, tzinfo=UTC), "given")),
        ("1970-01-01T00:00:09Z", {"ancient": "clamp"}, (NOW, "clamped")),
        ("1970-01-01T00:00:09Z", {"ancient": "refuse"}, "ancient"),
        ("2000-01-01T00:00:00Z", {"ancient": "refuse"}, (datetime(2000, 1, 1, tzinfo=UTC), "given")),
        ("2025-12-31T23:59:59Z", {"ancient": "refuse", "oldest": "2026-01-01"}, "ancient"),
        ("2026-01-02T10:00:59Z", {"future": "refuse"}, (NOW + timedelta(seconds=59), "given")),
        ("2026-01-02T10:02:00Z", {"future": "refuse", "ancient": "refuse"}, "future"),
    ],
)
def test_future_and_ancient_times_are_taken_refused_or_clamped_as_the_stream_says(time, options, expected):
    result = outcome(lambda: read({**EVENT, "time": time}, **options))
    if isinstance(result, PayloadError):
        assert result.reason == expected
    else:
        assert result is not None
        assert (result.at, result.at_source) == expected
