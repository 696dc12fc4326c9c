"""How good the predictions of a log have been, in sentences and as small line charts. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foundation.moments import duration
from foundation.templatetags.shares import percent

WIDTH, HEIGHT = 300.0, 64.0
MEANT = 0.8  # share of the intervals that should hold


@dataclass(frozen=True)
class Trail:
    """Two lines as SVG path data, in a frame of WIDTH × HEIGHT: of the predictions, and of the baseline."""

    line: str
    base: str
    low: str
    high: str


@dataclass(frozen=True)
class Grades:
    """What to say of the next activity and of the remaining time; None where nothing is scored yet."""

    next: dict[str, Any] | None
    remaining: dict[str, Any] | None


def grades(score: Mapping[str, Any]) -> Grades:
    """``score`` as the analysis of a log keeps it."""
    return Grades(_next(score.get("next") or {}), _remaining(score.get("remaining") or {}))


def _next(score: Mapping[str, Any]) -> dict[str, Any] | None:
    recent = score.get("recent") or {}
    if not recent.get("tests"):
        return None
    ours, base = recent["accuracy"], recent["baseline_accuracy"]
    better = 100 * (ours - base)
    if abs(better) < 0.5:
        verdict = "Here that is as good as guessing what most often comes next."
    elif better > 0:
        verdict = f"Guessing what most often comes next would have been right for {percent(base)}."
    else:
        verdict = f"Guessing what most often comes next would have been better: right for {percent(base)}."
    trail = [(row[0], row[1]) for row in score.get("trail", ())]
    return {
        "figure": percent(ours),
        "tests": recent["tests"],
        "overall": score["overall"],
        "verdict": verdict,
        "trail": _drawn(trail, 1.0, percent),
    }


def _remaining(score: Mapping[str, Any]) -> dict[str, Any] | None:
    recent = score.get("recent") or {}
    if not recent.get("tests"):
        return None
    ours, base, held = recent["mae_s"], recent["baseline_mae_s"], recent["interval_held"]
    trail = [(row[0], row[1]) for row in score.get("trail", ())]
    better = "The mean time that is left after an activity would have been off by"
    if held >= MEANT - 0.03:
        verdict = "Four of five are meant to: they can be relied on."
    elif held >= MEANT - 0.15:
        verdict = "Four of five are meant to: take them with a grain of salt."
    else:
        verdict = "Four of five are meant to: do not rely on them yet."
    return {
        "figure": duration(ours),
        "tests": recent["tests"],
        "overall": score["overall"],
        "base": f"{better} {duration(base)}.",
        "held": percent(held),
        "verdict": verdict,
        "trail": _drawn(trail, max((value for row in trail for value in row), default=0.0), duration),
    }


def _drawn(trail: Sequence[tuple[float, float]], most: float, word: Any) -> Trail | None:
    """From nothing to ``most``; None where two points are not there yet."""
    if len(trail) < 2 or most <= 0:
        return None
    lines = []
    for column in zip(*trail, strict=True):
        points = [
            f"{WIDTH * place / (len(column) - 1):.1f} {HEIGHT * (1 - value / most):.1f}"
            for place, value in enumerate(column)
        ]
        lines.append(f"M{'L'.join(points)}")
    return Trail(lines[0], lines[1], word(0), word(most))
