"""Numbers and durations as a person reads them; static/shared/format.js says the same in the browser."""

from datetime import datetime

from django import template
from django.utils import timezone

register = template.Library()

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


@register.filter
def short(number: float) -> str:
    """812, 9,412, 12.4 k, 3.1 M.

    >>> [short(n) for n in (812, 9412, 12_449, 250_000, 3_100_000)]
    ['812', '9,412', '12.4 k', '250 k', '3.1 M']
    """
    if number < 10_000:
        return f"{round(number):,}"
    size, unit = next((size, unit) for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if number >= size * 0.9995)
    value = number / size
    return f"{value:.1f} {unit}" if value < 99.95 else f"{round(value)} {unit}"


@register.filter
def duration(seconds: float | None) -> str:
    """Two units at most; nothing is a dash.

    >>> [duration(s) for s in (None, 0.352, 35.24, 200, 7_500, 273_600)]
    ['–', '0.35 s', '35.2 s', '3 min 20 s', '2 h 5 min', '3 d 4 h']
    """
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{round(seconds, 2 if seconds < 10 else 1):g} s"
    place = next(place for place, (size, _) in enumerate(_UNITS) if seconds >= size)
    (size, unit), (lower, lower_unit) = _UNITS[place], _UNITS[place + 1]
    whole, rest = int(seconds // size), int(seconds % size // lower)
    return f"{whole} {unit} {rest} {lower_unit}" if rest else f"{whole} {unit}"


@register.filter
def ago(moment: datetime | None) -> str:
    """How long ago in one unit: ``12 s ago``."""
    if moment is None:
        return "never"
    seconds = max(0.0, (timezone.now() - moment).total_seconds())
    if seconds < 1:
        return "now"
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size))
    return f"{int(seconds // size)} {unit} ago"
