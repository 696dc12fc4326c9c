"""Charts as the server draws them: paths within a fixed frame, ticks with words. Pure.

With scripts, static/pages/charts.js draws the same data anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from foundation.moments import duration
from foundation.templatetags.figures import short

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 10, 24  # around the plot


@dataclass(frozen=True)
class Tick:
    """A word beside an axis."""

    place: float
    word: str


@dataclass(frozen=True)
class Line:
    """One series: its name, its look, its values, and SVG path data."""

    label: str
    look: str
    values: Sequence[float]
    d: str
    area: str = ""


@dataclass(frozen=True)
class Chart:
    """What is drawn."""

    lines: list[Line]
    across: list[Tick]
    up: list[Tick]


def x_of(share: float) -> float:
    """The place across of a share from 0 (left) to 1."""
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def y_of(share: float) -> float:
    """The place up of a share from 0 (at the bottom) to 1."""
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def over_time(at: Sequence[datetime], step: timedelta, series: Iterable[tuple[str, str, Sequence[float]]]) -> Chart:
    """Lines over buckets of time."""
    told = list(series)
    most = nice(max((max(values, default=0) for _, _, values in told), default=0))
    lines = []
    for label, look, values in told:
        points = [f"{x_of(n / max(len(at) - 1, 1)):.1f} {y_of(value / most):.1f}" for n, value in enumerate(values)]
        d = "M" + "L".join(points)
        first = look == told[0][1]
        area = f"{d}V{y_of(0):.1f}H{x_of(0):.1f}Z" if first and points else ""
        lines.append(Line(label, look, values, d if points else "", area))
    return Chart(lines, _moments(at, step), [Tick(y_of(share), short(most * share)) for share in (0, 0.5, 1)])


def bars(label: str, values: Sequence[float], words: Sequence[str]) -> Chart:
    """A bar for each value; ``words`` stand below some of them."""
    most = nice(max(values, default=0))
    wide = 1 / max(len(values), 1)
    d = ""
    for n, value in enumerate(values):
        left, right = x_of(n * wide) + 1, x_of((n + 1) * wide) - 1
        if value:
            d += f"M{left:.1f} {y_of(0):.1f}V{y_of(value / most):.1f}H{right:.1f}V{y_of(0):.1f}Z"
    every = max(1, len(values) // 6)
    across = [Tick(x_of(n * wide), words[n]) for n in range(0, len(values), every)]
    up = [Tick(y_of(share), short(most * share)) for share in (0, 0.5, 1)]
    return Chart([Line(label, "bars", values, "", d)], across, up)


def nice(most: float) -> float:
    """The least even number of two digits or less, with zeros, that is no less: an axis ends there.

    >>> [nice(most) for most in (0, 1, 3, 11, 47, 1203)]
    [2, 2, 4, 12, 48, 1400]
    """
    unit = 1.0
    while most > 50 * unit:
        unit *= 10
    up = max(2, -(-most // (2 * unit)) * 2) * unit
    return int(up)


def _moments(at: Sequence[datetime], step: timedelta) -> list[Tick]:
    if not at:
        return []
    whole = step * len(at)
    form = "%H:%M" if whole <= timedelta(days=2) else "%b %d" if whole < timedelta(days=500) else "%Y-%m"
    places = sorted({round(n * (len(at) - 1) / 5) for n in range(5)})
    return [Tick(x_of(n / max(len(at) - 1, 1)), at[n].strftime(form)) for n in places]


def dots(told: Mapping[str, list[Any]], *, relative: bool) -> tuple[dict[str, str], list[Tick]]:
    """A dotted chart of `models_mining.cases.measures.dots`: path data by activity, and words below.

    A case is a row, those that began last at the bottom; across is the moment, or the time since the case began.
    """
    began = list(told["started_at"])
    for case, _, at in told["points"]:
        began[case] = at if began[case] is None else min(began[case], at)
    rows = {case: row for row, case in enumerate(sorted(range(len(began)), key=lambda case: began[case]))}
    across = [(at - began[case]).total_seconds() if relative else at.timestamp() for case, _, at in told["points"]]
    low, high = (0.0 if relative else min(across, default=0.0)), max(across, default=0.0)
    span = (high - low) or 1.0
    paths = dict.fromkeys(told["activities"], "")
    for (case, activity, _), moment in zip(told["points"], across, strict=True):
        x, y = x_of((moment - low) / span), y_of(1 - (rows[case] + 0.5) / len(rows))
        paths[told["activities"][activity]] += f"M{x:.0f} {y:.0f}h0"
    if relative:
        return paths, [Tick(x_of(n / 4), duration(span * n / 4)) for n in range(4)]
    begin = datetime.fromtimestamp(low, UTC)
    return paths, _moments([begin + timedelta(seconds=span * n / 4) for n in range(5)], timedelta(seconds=span / 4))
