"""Shares and whole numbers as a person reads them."""

from django import template

register = template.Library()


@register.filter
def percent(share: float | None) -> str:
    """Whole percents, finer only where that tells something from nothing or from all.

    >>> [percent(share) for share in (None, 0, 0.0004, 0.004, 0.82, 0.9996, 0.9999999, 1)]
    ['–', '0 %', '0.04 %', '0.4 %', '82 %', '99.96 %', '> 99.99 %', '100 %']
    """
    if share is None:
        return "–"
    value = 100 * share
    if 0 < value < 0.01:
        return "< 0.01 %"
    if 99.99 < value < 100:
        return "> 99.99 %"
    if value <= 0 or value >= 100 or 1 <= value <= 99:
        return f"{value:.0f} %"
    return f"{value:.2f}".rstrip("0").rstrip(".") + " %"


@register.filter
def exact(number: int) -> str:
    """12449 as 12,449."""
    return f"{number:,}"


@register.filter
def decimal(value: float | None) -> str:
    """A measure from 0 to 1 in two decimals, never rounded up to 1.

    >>> [decimal(value) for value in (None, 0.5, 0.999, 1.0)]
    ['–', '0.50', '0.99', '1.00']
    """
    return "–" if value is None else f"{int(value * 100 + (0.5 if value < 0.99 else 1e-9)) / 100:.2f}"
