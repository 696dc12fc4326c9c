"""Moments as they occur in messages and files → aware UTC. Pure.

Source: ISO 8601 as `datetime.fromisoformat` reads it; epoch numbers by their size (MQTT-XES producers use all four).
"""

from datetime import UTC, datetime, tzinfo
from typing import Any

from foundation.moments import moment

# A number below the bound is in this unit: 1e11 s is the year 5138, 1e11 ms is March 1973, and so on.
_UNITS = ((10**11, 1_000_000, 1), (10**14, 1_000, 1), (10**17, 1, 1), (10**20, 1, 1_000))
_BASIC_DATE = 8  # digits of 20260102


class MomentError(ValueError):
    """Not a moment; the message is a sentence for the user."""


def parse_moment(value: Any, zone: tzinfo = UTC) -> datetime:
    """The moment that ``value`` tells, in UTC; ``zone`` holds where it names none.

    ISO 8601 text, or epoch seconds, milliseconds, microseconds or nanoseconds (by size) as number or text. Fractions
    finer than a microsecond are cut off. Anything else, and what lies outside the years 1 to 9999, raises MomentError.

    >>> str(parse_moment("2026-01-02T10:00:00")), str(parse_moment(1767348000000))
    ('2026-01-02 10:00:00+00:00', '2026-01-02 10:00:00+00:00')
    """
    try:
        if isinstance(value, str):
            return _of_text(value.strip(), zone)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _of_epoch(value)
    except (ValueError, OverflowError):
        pass
    shown = f"{value[:60]!r} is" if isinstance(value, str) else "This is"
    raise MomentError(f"{shown} not a moment: expected ISO 8601 or an epoch number.")


def _of_text(text: str, zone: tzinfo) -> datetime:
    if text.isascii() and len(text) != _BASIC_DATE:
        digits = text.removeprefix("-")
        if digits.isdigit():
            return _of_epoch(int(text) if len(digits) <= 20 else float(text))
        if digits.replace(".", "", 1).isdigit():
            return _of_epoch(float(text))
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _of_epoch(number: float) -> datetime:
    size = abs(number)
    for bound, times, per in _UNITS:
        if size < bound:
            us = number * times // per if isinstance(number, int) else round(number * times / per)
            return moment(us)
    raise OverflowError
