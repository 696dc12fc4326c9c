"""Numbers and durations as a person reads them; static/shared/format.js says the same in the browser."""

from datetime import datetime

from django import template
from django.utils import timezone

from foundation.moments import UNITS, duration

register = template.Library()
register.filter("duration", duration)


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
def ago(moment: datetime | None) -> str:
    """How long ago in one unit: ``12 s ago``."""
    if moment is None:
        return "never"
    seconds = max(0.0, (timezone.now() - moment).total_seconds())
    if seconds < 1:
        return "now"
    size, unit = next(((size, unit) for size, unit in UNITS if seconds >= size))
    return f"{int(seconds // size)} {unit} ago"
