"""A stream's mapping and options, checked when saved. Unknown names are refused, so that no typing error is lost."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError

from streams.parsing.moments import MomentError, parse_moment

MAPPED = ("case", "activity", "at", "id", "process", "attributes")  # what a JSON pointer may name
TIMES = ("accept", "refuse", "clamp")
KINDS = {"retained": "mqtt", "process": "mqtt", "partitions": "redis"}  # options of one kind of broker only
MAX_PARTITIONS = 256
MAX_POINTER = 500  # characters
CHOICES = {"escapes": ("none", "percent", "words"), "future": TIMES, "ancient": TIMES}


def check_mapping(format_: str, mapping: Any) -> None:
    """Raise ValidationError unless ``mapping`` is ``{field: JSON pointer}`` (RFC 6901) of known fields."""
    if not isinstance(mapping, Mapping):
        raise ValidationError({"mapping": 'Expected an object, as {"case": "/order/id"}.'})
    if mapping and format_ == "mqtt-xes":
        raise ValidationError({"mapping": "MQTT-XES names everything itself: leave the mapping empty."})
    for field, pointer in mapping.items():
        if field not in MAPPED:
            raise ValidationError({"mapping": f"Unknown field {field}; known: {', '.join(MAPPED)}."})
        if field == "attributes" and format_ != "json":
            raise ValidationError({"mapping": "attributes: only JSON payloads keep them together in one place."})
        if not isinstance(pointer, str) or not pointer.startswith("/"):
            raise ValidationError({"mapping": f"{field}: expected a JSON pointer, as /order/id."})
        if len(pointer) > MAX_POINTER:  # it is followed for every message
            raise ValidationError({"mapping": f"{field}: a JSON pointer has at most {MAX_POINTER} characters here."})


def check_options(format_: str, options: Any) -> None:
    """Raise ValidationError unless every option is known and holds a known value."""
    if not isinstance(options, Mapping):
        raise ValidationError({"options": 'Expected an object, as {"escapes": "percent"}.'})
    for name, value in options.items():
        problem = _problem(format_, name, value)
        if problem:
            raise ValidationError({"options": f"{name}: {problem}"})


def check_kind(kind: str, options: Mapping[str, Any]) -> None:
    """Raise ValidationError where an option is none of brokers of this ``kind``."""
    for name in options:
        if KINDS.get(name, kind) != kind:
            raise ValidationError({"options": f"{name}: only for brokers of the kind {KINDS[name]}."})


def _problem(format_: str, name: str, value: Any) -> str | None:
    if name in CHOICES:
        known = CHOICES[name]
        return None if value in known else f"expected one of {', '.join(known)}, got {value!r}."
    if name == "retained":
        return None if isinstance(value, bool) else f"expected true or false, got {value!r}."
    if name == "time_zone":
        return None if _zone_exists(value) else f"no time zone is called {value!r}."
    if name == "oldest":
        return _no_moment(value)
    if name == "partitions":
        whole = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_PARTITIONS
        return None if whole else f"expected a whole number from 1 to {MAX_PARTITIONS}, got {value!r}."
    if name == "process":
        if format_ != "mqtt-xes":
            return "only MQTT-XES has a process level."
        single = isinstance(value, str) and value and not set(value) & set("/+#\0")
        return None if single else "expected one topic level without / + #."
    return f"unknown; known: {', '.join((*CHOICES, 'oldest', 'retained', 'time_zone', 'process', 'partitions'))}."


def _no_moment(value: Any) -> str | None:
    try:
        parse_moment(value)
    except MomentError as error:
        return str(error)
    return None


def _zone_exists(name: Any) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        return False
    return True
