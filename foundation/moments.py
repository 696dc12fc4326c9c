"""Moments and durations: as numbers, in words and back. Pure; static/shared/format.js words durations alike."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_PART = re.compile(r"(\d{1,9}(?:[.,]\d{1,9})?)\s*(s|min|m|h|d|w)\s*")


def microseconds(at: datetime) -> int:
    """Return integer microseconds since 1970."""
    since = at - EPOCH
    return since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds


def moment(us: int) -> datetime:
    """Return the aware UTC moment of integer microseconds since 1970."""
    return EPOCH + timedelta(microseconds=us)


def moment_text(at: datetime) -> str:
    """Return a moment (UTC) as programs get it: ISO 8601 with milliseconds and ``Z``.

    >>> moment_text(moment(1_767_348_000_123_456))
    '2026-01-02T10:00:00.123Z'
    """
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(seconds: float | None) -> str:
    """Return a duration to read, in two units at most; None is a dash.

    >>> [duration(s) for s in (None, 0.352, 35.24, 200, 7_500, 273_600)]
    ['–', '0.35 s', '35.2 s', '3 min 20 s', '2 h 5 min', '3 d 4 h']
    """
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{round(seconds, 2 if seconds < 10 else 1):g} s"
    place = next(place for place, (size, _) in enumerate(UNITS) if seconds >= size)
    (size, unit), (lower, lower_unit) = UNITS[place], UNITS[place + 1]
    whole, rest = int(seconds // size), int(seconds % size // lower)
    return f"{whole} {unit} {rest} {lower_unit}" if rest else f"{whole} {unit}"


def exact_duration(seconds: int) -> str:
    """Return whole seconds in words that `read_duration` reads back.

    >>> exact_duration(90_061), exact_duration(0)
    ('1 d 1 h 1 min 1 s', '0 s')
    """
    parts = []
    for size, unit in UNITS:
        if seconds >= size:
            parts.append(f"{seconds // size} {unit}")
            seconds %= size
    return " ".join(parts) or "0 s"


def read_duration(text: str) -> float | None:
    """Return the seconds of ``2 h 5 min``, or None for any other text.

    >>> [read_duration(text) for text in ("90 s", "2 h 5 min", "1.5d", "soon", "")]
    [90.0, 7500.0, 129600.0, None, None]
    """
    total, at = 0.0, 0
    text = text.strip()
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            return None
        total += float(found[1].replace(",", ".")) * _SECONDS[found[2]]
        at = found.end()
    return total if text else None


def retry_after_s(header: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds that a ``Retry-After`` asks for, as a number or a date; None where it is unreadable.

    Source: RFC 9110, section 10.2.3.

    >>> now = datetime(2026, 1, 2, 10, tzinfo=UTC)
    >>> [retry_after_s(text, now) for text in ("7", "Fri, 02 Jan 2026 10:01:00 GMT", "soon", None)]
    [7.0, 60.0, None, None]
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - (now or datetime.now(UTC))).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
