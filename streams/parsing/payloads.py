"""Bytes → ParsedEvent or PayloadError. Pure; nothing else ever leaves, whatever the bytes are.

Reasons (``PayloadError.reason``): ``topic_levels``, ``bad_escape``, ``not_utf8``, ``not_json``, ``not_object``,
``missing_FIELD``, ``empty_FIELD``, ``bad_FIELD`` (of another type), ``too_long``, ``too_deep``, ``nul``,
``not_unicode``, ``bad_number``, ``bad_time``, ``future``, ``ancient``, ``unknown_field``; FIELD is case, activity, id,
process, trace, event, attributes, or source and specversion of a CloudEvent.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Self
from zoneinfo import ZoneInfo

import orjson

from foundation.json_pointers import path_of, value_at
from streams.parsing import topics
from streams.parsing.moments import MomentError, parse_moment
from streams.parsing.values import MAX_DEPTH, PayloadError, check_text, check_value, kind, optional_id, required

MAX_PAYLOAD = 1024 * 1024  # bytes of one message
FUTURE_SLACK = timedelta(minutes=1)  # clocks differ; the option ``future`` speaks of what is further ahead
_XES_LEVELS = 3  # process, case, activity
_DIGITS = bytes.maketrans(b"123456789-", b"0" * 10)
_MANY_DIGITS = b"0" * 20  # with the sign: no fewer are beyond 64 bits

CASE_KEYS = ("caseid", "caseId", "case_id", "case", "case:concept:name")  # the first: process-mining-core 0.1.3
ACTIVITY_KEYS = ("activity", "concept:name")
TIME_KEYS = ("time:timestamp", "timestamp", "time")
CLOUD_EVENT = {"case": "subject", "activity": "type", "at": "time", "id": "id"}  # context attributes, CloudEvents 1.0
OLDEST = datetime(
    2000, 1, 1, tzinfo=UTC
)  # what is before, the option ``ancient`` speaks of: clocks that were never set
API_FIELDS = ("id", "case", "activity", "at", "attributes")


@dataclass(slots=True)
class ParsedEvent:
    """What a message says happened, in the form the events table can hold.

    ``attributes`` are JSON values; those of the trace carry the prefix ``case:``, as in pm4py's flat form of XES.
    ``at_source`` is ``given``, ``arrival`` (the message names no moment) or ``clamped``; ``process`` is the log's name
    where the message tells it.
    """

    case: str
    activity: str
    at: datetime
    at_source: str
    event_id: str | None
    attributes: dict[str, Any]
    process: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How the messages of one stream are read; see `Stream.options` and `Stream.mapping`."""

    format: str = "mqtt-xes"
    base_levels: int = 0  # levels of the topic before the process
    escapes: str = "none"
    future: str = "accept"
    ancient: str = "accept"
    oldest: datetime = OLDEST
    zone: tzinfo = UTC
    pointers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, format_: str, topic: str, mapping: Mapping[str, str], options: Mapping[str, Any]) -> Self:
        """From a stream's columns, already checked when it was saved."""
        base = topics.xes_base(topic)
        return cls(
            format=format_,
            base_levels=base.count("/") + 1 if base else 0,
            escapes=options.get("escapes", "none"),
            future=options.get("future", "accept"),
            ancient=options.get("ancient", "accept"),
            oldest=parse_moment(options["oldest"]) if "oldest" in options else OLDEST,
            zone=ZoneInfo(options["time_zone"]) if "time_zone" in options else UTC,
            pointers={name: path_of(pointer) for name, pointer in mapping.items()},
        )

    def parse(self, topic: str, payload: bytes, received_at: datetime) -> ParsedEvent | None:
        """The event of one message; None where the convention says it is none (fewer than three levels)."""
        if self.format == "mqtt-xes":
            return self._parse_xes(topic, payload, received_at)
        if self.format == "cloudevents":
            return self.cloud_event(_decoded(payload), received_at)
        return self._parse_json(payload, received_at)

    def _parse_xes(self, topic: str, payload: bytes, received_at: datetime) -> ParsedEvent | None:
        levels = topic.split("/")[self.base_levels :]
        if len(levels) < _XES_LEVELS:
            return None
        if len(levels) > _XES_LEVELS:
            raise PayloadError(
                "topic_levels",
                f"{len(levels)} levels after the base; expected process, case and activity. Does a name contain a /?",
            )
        process, case, activity = levels
        if self.escapes != "none":
            process, case, activity = (self._unescaped(level) for level in levels)
        check_text("process", process)
        check_text("case", case)
        check_text("activity", activity)
        given = _decoded(payload) if payload else {}
        trace = _part(given, "trace")
        event = _part(given, "event")
        at = event.pop("time:timestamp", None)
        for key in TIME_KEYS:
            if at is not None:
                break
            at = given.pop(key, None)
        event_id = event.pop("identity:id", None)
        if event_id is None:
            event_id = given.pop("id", None)
        attributes = given | event
        if attributes.get("concept:name") == activity:  # said again; the topic is what counts
            del attributes["concept:name"]
        for name, value in trace.items():
            if name != "concept:name" or value != case:
                attributes[f"case:{name}"] = value
        when, source = self.moment(at, received_at)
        return ParsedEvent(case, activity, when, source, optional_id(event_id), attributes, process)

    def _unescaped(self, level: str) -> str:
        try:
            return topics.unescape_level(level, self.escapes)
        except UnicodeDecodeError:
            raise PayloadError("bad_escape", f"{level[:100]!r}: its percent-escapes are not UTF-8.") from None

    def _parse_json(self, payload: bytes, received_at: datetime) -> ParsedEvent:
        given = _decoded(payload)
        found = {name: value_at(given, tokens) for name, tokens in self.pointers.items()}
        for tokens in self.pointers.values():
            if len(tokens) == 1:
                given.pop(tokens[0], None)
        case = found["case"] if "case" in found else _first(given, CASE_KEYS)
        activity = found["activity"] if "activity" in found else _first(given, ACTIVITY_KEYS)
        at = found["at"] if "at" in found else _first(given, (*TIME_KEYS, "at"))
        event_id = found["id"] if "id" in found else _first(given, ("id", "identity:id"))
        process = required("process", found["process"]) if "process" in found else None
        if "attributes" in found:
            given = {} if found["attributes"] is None else found["attributes"]
            if not isinstance(given, dict):
                raise PayloadError("bad_attributes", f"`attributes` must be an object, not {kind(given)}.")
        when, source = self.moment(at, received_at)
        return ParsedEvent(
            required("case", case), required("activity", activity), when, source, optional_id(event_id), given, process
        )

    def cloud_event(self, given: dict[str, Any], received_at: datetime) -> ParsedEvent:
        """The event of a CloudEvent in the structured form of JSON: ``subject`` is the case, ``type`` the activity.

        The members of ``data`` become attributes, and so do ``source``, extensions, and what a pointer stands in for;
        a member that has the name of one of these is kept as ``data:NAME``. Uses up ``given``.
        Source: CloudEvents 1.0.2, its JSON event format.
        """
        version = required("specversion", given.pop("specversion", None))
        if not version.startswith("1."):
            raise PayloadError("bad_specversion", f"`specversion` is {version[:20]!r}; expected 1.0.")
        if not given.get("source"):
            raise PayloadError("missing_source", "`source` is missing: every CloudEvent has one.")
        found = {name: value_at(given, tokens) for name, tokens in self.pointers.items()}
        for name, key in CLOUD_EVENT.items():
            if name not in found:
                found[name] = given.pop(key, None)
        for tokens in self.pointers.values():
            if len(tokens) == 1:
                given.pop(tokens[0], None)
        data = given.pop("data", None)
        given.pop("datacontenttype", None)
        if isinstance(data, dict):
            given |= {f"data:{name}" if name in given else name: value for name, value in data.items()}
        elif data is not None:
            given["data"] = data
        process = required("process", found["process"]) if "process" in found else None
        when, source = self.moment(found["at"], received_at)
        return ParsedEvent(
            required("case", found["case"]),
            required("activity", found["activity"]),
            when,
            source,
            required("id", found["id"]),
            given,
            process,
        )

    def moment(self, value: Any, received_at: datetime) -> tuple[datetime, str]:
        """When it happened, and how that is known."""
        if value is None or value == "":
            return received_at, "arrival"
        try:
            at = parse_moment(value, self.zone)
        except MomentError as error:
            raise PayloadError("bad_time", str(error)) from None
        if self.future != "accept" and at > received_at + FUTURE_SLACK:
            if self.future == "refuse":
                raise PayloadError("future", f"{at.isoformat()} lies in the future of its arrival.")
            return received_at, "clamped"
        if self.ancient != "accept" and at < self.oldest:
            if self.ancient == "refuse":
                raise PayloadError("ancient", f"{at.isoformat()} lies before {self.oldest.isoformat()}.")
            return received_at, "clamped"
        return at, "given"


_API = Reading("json")
_CLOUD_EVENTS = Reading("cloudevents")


def parse_cloud_event(item: Any, received_at: datetime) -> ParsedEvent:
    """One CloudEvent of ``POST logs/{slug}/events/``, decoded by any JSON parser."""
    if not isinstance(item, dict):
        raise PayloadError("not_object", "A CloudEvent is a JSON object.")
    check_value(item)
    return _CLOUD_EVENTS.cloud_event(dict(item), received_at)


def parse_api_event(item: Any, received_at: datetime) -> ParsedEvent:
    """One event of ``POST logs/{slug}/events/``, decoded by any JSON parser.

    An object with ``case`` and ``activity``, optionally ``id``, ``at`` (UTC where no zone is given) and ``attributes``.
    Other fields are refused, so that a misspelt ``at`` is not lost.
    """
    if not isinstance(item, dict):
        raise PayloadError("not_object", "An event is a JSON object.")
    for name in item:
        if name not in API_FIELDS:
            raise PayloadError("unknown_field", f"`{name!s:.100}` is not known; expected {', '.join(API_FIELDS)}.")
    attributes = item.get("attributes")
    if attributes is None:
        attributes = {}
    if not isinstance(attributes, dict):
        raise PayloadError("bad_attributes", "`attributes` must be an object.")
    check_value(attributes)
    case = required("case", item.get("case"))
    activity = required("activity", item.get("activity"))
    when, source = _API.moment(item.get("at"), received_at)
    return ParsedEvent(case, activity, when, source, optional_id(item.get("id")), attributes)


# --- Decoding -------------------------------------------------------------------------


def _decoded(payload: bytes) -> dict[str, Any]:
    if len(payload) > MAX_PAYLOAD:
        raise PayloadError("too_long", f"The payload has {len(payload)} bytes; at most {MAX_PAYLOAD} are taken.")
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        try:
            payload.decode()
        except UnicodeDecodeError as broken:
            raise PayloadError("not_utf8", f"The payload is not UTF-8: byte {broken.start} is wrong.") from None
        raise PayloadError("not_json", f"The payload is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise PayloadError("not_object", f"The payload is not a JSON object but {kind(value)}.")
    # orjson lets no NaN and no lone surrogate through; the slow walk is for what the bytes make possible.
    if b"\\u0000" in payload or payload.count(b"{") + payload.count(b"[") > MAX_DEPTH:
        check_value(value)
    if _MANY_DIGITS in payload.translate(_DIGITS):  # it reads an integer beyond 64 bits as a float near to it
        value = dict(json.loads(payload))
        check_value(value)
    return value


def _part(given: dict[str, Any], name: str) -> dict[str, Any]:
    part = given.pop(name, None)
    if part is None:
        return {}
    if not isinstance(part, dict):
        raise PayloadError(f"bad_{name}", f"`{name}` must be an object, not {kind(part)}.")
    return part


def _first(given: dict[str, Any], keys: tuple[str, ...]) -> Any:
    """The value of the first key that is there, taken out: what is left over are attributes."""
    for key in keys:
        if given.get(key) is not None:
            return given.pop(key)
    return None
