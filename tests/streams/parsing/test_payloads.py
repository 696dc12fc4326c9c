"""Bytes → event or reason: pure, so every case is cheap."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.parsing.moments import MomentError, parse_moment
from streams.parsing.payloads import ParsedEvent, Reading, parse_api_event
from streams.parsing.values import PayloadError

NOW = datetime(2026, 1, 2, 10, tzinfo=UTC)


def xes(topic: str, payload: object = None, **options: object) -> ParsedEvent | None:
    reading = Reading.of("mqtt-xes", str(options.pop("base", "base")), {}, options)
    return reading.parse(topic, b"" if payload is None else json.dumps(payload).encode(), NOW)


def read_json(payload: object, mapping: dict[str, str] | None = None) -> ParsedEvent:
    event = Reading.of("json", "t", mapping or {}, {}).parse("t", json.dumps(payload).encode(), NOW)
    assert event is not None
    return event


@pytest.mark.parametrize(
    ("payload", "at"),
    [
        ({}, NOW),
        ({"time": 4}, datetime(1970, 1, 1, 0, 0, 4, tzinfo=UTC)),
        ({"timestamp": 3, "time": 4}, datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC)),
        ({"time:timestamp": 2, "timestamp": 3}, datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)),
        ({"event": {"time:timestamp": 1}, "time:timestamp": 2}, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        ({"event": {"time:timestamp": ""}}, NOW),
    ],
)
def test_the_moment_is_taken_from_the_first_key_that_has_one(payload, at):
    assert xes("base/p/c/a", payload).at == at


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-01-02T10:00:00Z", NOW),
        ("2026-01-02T11:00:00+01:00", NOW),
        ("2026-01-02 10:00:00", NOW),
        ("2026-01-02T10:00:00.000000999Z", NOW),
        ("20260102", NOW - timedelta(hours=10)),
        (1767348000, NOW),
        (1767348000.25, NOW + timedelta(milliseconds=250)),
        (1767348000000, NOW),
        (1767348000000000, NOW),
        (1767348000000000999, NOW),
        ("1767348000000", NOW),
        ("1767348000.25", NOW + timedelta(milliseconds=250)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_moment_is_iso_text_or_an_epoch_number_of_any_unit(value, expected):
    assert parse_moment(value) == expected


@pytest.mark.parametrize(
    "value", ["", "x", "²", True, None, [], 1e300, 10**30, pytest.param(10**5000, id="huge"), "9" * 50, "10000-01-01"]
)
def test_what_is_no_moment_is_refused(value):
    with pytest.raises(MomentError):
        parse_moment(value)


def test_a_moment_without_zone_is_read_in_the_streams_zone():
    assert xes("base/p/c/a", {"time": "2026-01-02T11:00:00"}, time_zone="Europe/Berlin").at == NOW


def test_the_topic_is_read_from_its_end_below_the_base():
    event = xes("plants/7/loan/c1/Check", base="plants/+/#")
    assert (event.process, event.case, event.activity) == ("loan", "c1", "Check")
    event = xes("loan/c1/Check", base="#")
    assert (event.process, event.case, event.activity) == ("loan", "c1", "Check")
    assert xes("base/c1/Check") is None
    assert xes("base/base/base/base").process == "base"  # stripped once


@pytest.mark.parametrize(
    ("escapes", "level", "name"),
    [
        ("none", "a%2Fb PLUS c", "a%2Fb PLUS c"),
        ("percent", "a%2Fb%25%2B%23", "a/b%+#"),
        ("words", "a PLUS b DASH NUMBER-SIGN DOLLAR-SIGN", "a + b - # $"),
    ],
)
def test_topic_levels_are_unescaped_as_the_option_says(escapes, level, name):
    assert xes(f"base/p/c/{level}", escapes=escapes).activity == name


def test_trace_attributes_carry_the_prefix_of_the_flat_form_and_nothing_is_told_twice():
    event = xes(
        "base/p/c/a",
        {
            "id": "e1",
            "time": 4,
            "org:resource": "flat",
            "trace": {"concept:name": "c", "creator": "Ann"},
            "event": {"concept:name": "a", "org:resource": "Bob", "cost:total": "12.5"},
        },
    )
    assert event.event_id == "e1"
    assert event.attributes == {"case:creator": "Ann", "org:resource": "Bob", "cost:total": "12.5"}


def test_another_name_in_the_payload_than_in_the_topic_is_kept():
    assert xes("base/p/c/a", {"event": {"concept:name": "b"}}).attributes == {"concept:name": "b"}


@pytest.mark.parametrize("key", ["caseid", "caseId", "case_id", "case", "case:concept:name"])
def test_every_known_key_of_the_case_is_read(key):
    event = read_json({key: 0, "activity": "a", "timestamp": 4})
    assert (event.case, event.at.second, event.attributes) == ("0", 4, {})


def test_pointers_override_the_usual_keys():
    mapping = {"case": "/order/ids/1", "activity": "/a~1b", "at": "/when", "id": "/no", "process": "/plant"}
    event = read_json({"order": {"ids": [1, 2]}, "a/b": "Pack", "when": 5, "plant": "P", "id": "x"}, mapping)
    assert (event.case, event.activity, event.at.second, event.event_id) == ("2", "Pack", 5, None)
    assert event.process == "P"
    assert event.attributes == {"order": {"ids": [1, 2]}, "id": "x"}


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ([], "not_object"),
        ({"activity": "a"}, "missing_case"),
        ({"case": "c", "activity": ""}, "empty_activity"),
        ({"case": "c", "activity": "a" * 256}, "too_long"),
        ({"case": True, "activity": "a"}, "bad_case"),
        ({"case": float("nan"), "activity": "a"}, "bad_case"),
        ({"case": "c", "activity": "a", "timestamp": 4}, "unknown_field"),
        ({"case": "c", "activity": "a", "at": "soon"}, "bad_time"),
        ({"case": "c", "activity": "a", "id": "\ud800"}, "not_unicode"),
        ({"case": "c", "activity": "a\0"}, "nul"),
        ({"case": "c", "activity": "a", "attributes": []}, "bad_attributes"),
        ({"case": "c", "activity": "a", "attributes": {"x": float("inf")}}, "bad_number"),
        ({"case": "c", "activity": "a", "attributes": {"x": 10**5000}}, "bad_number"),
        ({"case": "c", "activity": "a", "attributes": {"x": [{"\ud800": 1}]}}, "not_unicode"),
    ],
)
def test_a_bad_event_of_the_api_is_refused_with_its_reason(item, reason):
    with pytest.raises(PayloadError) as caught:
        parse_api_event(item, NOW)
    assert caught.value.reason == reason


def test_an_event_of_the_api_is_read():
    event = parse_api_event({"id": 1, "case": "c", "activity": "a", "at": "2026-01-02T10:00:00Z"}, NOW)
    assert event == ParsedEvent("c", "a", NOW, "given", "1", {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=20,
)
KEYS = st.sampled_from(["trace", "event", "time", "id", "case", "activity", "at", "attributes", "identity:id"])
OBJECTS = st.dictionaries(KEYS | st.text(), JSON)


def storable(event: ParsedEvent | None) -> bool:
    """What both databases keep: bounded Unicode without NUL, an aware moment, finite JSON."""
    if event is None:
        return True
    texts = [text for text in (event.case, event.activity, event.event_id, event.process) if text is not None]
    attributes = json.dumps(event.attributes, allow_nan=False, ensure_ascii=False)
    attributes.encode()
    return (
        all(len(text.encode()) > 0 and len(text) <= 255 and "\0" not in text for text in texts)
        and event.at.utcoffset() == timedelta(0)
        and "\\u0000" not in attributes.replace("\\\\", "")
    )


def outcome(parse: Callable[..., ParsedEvent | None], *what: object) -> ParsedEvent | PayloadError | None:
    try:
        return parse(*what)
    except PayloadError as error:
        return error


def is_clear(result: ParsedEvent | PayloadError | None) -> bool:
    if isinstance(result, PayloadError):
        return bool(result.reason) and result.detail.endswith((".", "?"))
    return storable(result)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.binary() | OBJECTS.map(lambda o: json.dumps(o).encode()))
def test_whatever_the_bytes_are_the_result_is_a_storable_event_or_a_payload_error(topic, payload):
    for reading in (
        Reading.of("mqtt-xes", "#", {}, {"escapes": "percent", "future": "refuse"}),
        Reading.of("json", "#", {}, {}),
        Reading.of("json", "#", {"case": "/trace/0", "at": "/time", "id": "/id"}, {"future": "clamp"}),
    ):
        assert is_clear(outcome(reading.parse, topic, payload, NOW))
        assert is_clear(outcome(reading.parse, "p/c/a", payload, NOW))


@given(JSON | OBJECTS)
def test_whatever_the_api_is_sent_the_result_is_a_storable_event_or_a_payload_error(item):
    assert is_clear(outcome(parse_api_event, item, NOW))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"n":1e999}', "not_json"),
        (b'{"n":NaN}', "not_json"),
        (b'{"n":"\\ud800"}', "not_json"),
        (b'{"deep":[{"n":1180591620717411303424}]}', "bad_number"),
        (b'{"n":18446744073709551616}', "bad_number"),
        (b'{"n":1' + b"0" * 300 + b"}", "bad_number"),
        (b'{"time":1180591620717411303424}', "bad_number"),
        (b'{"n":12345678901234567890,"d":' + b"[" * 1000 + b"]" * 1000 + b"}", "too_deep"),
    ],
)
def test_a_number_that_no_database_keeps_exactly_is_refused(payload, reason):
    with pytest.raises(PayloadError) as refused:
        Reading.of("mqtt-xes", "base", {}, {}).parse("base/p/c/a", payload, NOW)
    assert refused.value.reason == reason


def test_integers_of_64_bits_and_texts_of_many_digits_are_kept_exactly():
    exact = {"most": 2**64 - 1, "least": -(2**63) - 1, "text": "0" * 40, "float": 1.5}
    assert xes("base/p/c/a", exact).attributes == exact
