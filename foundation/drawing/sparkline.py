"""Sparklines: events per minute as SVG path data. Pure."""

from dataclasses import dataclass

HOUR = 60  # minutes of the sparkline
CHART = (180, 32)  # its width and height


@dataclass(frozen=True)
class Chart:
    """Events a minute over the last hour, as SVG path data: a line, and the area below it."""

    area: str
    line: str
    per_minute: int  # of the last whole minute
    last_hour: int


def chart(counts: list[int]) -> Chart:
    """A line of what `minutes` counted."""
    counts = counts or [0] * (HOUR + 1)
    whole = counts[:-1] if any(counts[:-1]) else counts[1:]
    line = _line(whole)
    area = f"M0 {CHART[1]}L{line}L{CHART[0]} {CHART[1]}Z"
    return Chart(area, f"M{line}", whole[-1], sum(counts))


def _line(events: list[int]) -> str:
    width, height = CHART
    most = max(*events, 1)
    points = (
        (place * width / (len(events) - 1), height - 2 - (height - 6) * count / most)
        for place, count in enumerate(events)
    )
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
