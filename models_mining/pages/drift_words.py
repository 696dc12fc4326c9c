"""Changes of the process in sentences: what changed, by how much, how certain it is. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foundation.moments import duration
from foundation.templatetags.shares import percent
from models_mining.core.drift.detector import BLOCK, MIN_RATIO, MIN_SHARE, SETTLED, SUPPORT, WARM_UP

Row = Mapping[str, Any]
MOST_CERTAIN = 9  # powers of ten; beyond, nobody cares


@dataclass(frozen=True)
class Said:
    """One thing that changed: ``kind`` as drift tells it, or longer, shorter of cases; its sign and word; a sentence.

    ``before`` and ``after`` are shares from 0 to 1, of durations those of the longer one; as words, too.
    """

    kind: str
    sign: str
    word: str
    sentence: str
    before: float
    after: float
    before_text: str
    after_text: str
    evidence: str


SIGNS = {"appeared": ("+", "new"), "rose": ("▲", "more often"), "fell": ("▼", "less often"), "vanished": ("✕", "gone")}


def said_of(edges: list[Row], took: Row | None) -> list[Said]:
    """All that changed for certain, the largest shift first; durations before all."""
    found = [_of_edge(edge) for edge in sorted(edges, key=lambda edge: -abs(edge["after"] - edge["before"]))]
    return [_of_duration(took), *found] if took else found


def _of_edge(edge: Row) -> Said:
    source, target, kind = edge["source"], edge["target"], edge["kind"]
    before, after = percent(edge["before"]), percent(edge["after"])
    if not source:
        what, share = f"Cases begin with “{target}”", "of them"
    elif not target:
        what, share = f"Cases end at “{source}”", "of the times they are there"
    elif source == target:
        what, share = f"“{source}” is done again at once", "of the times"
    else:
        what, share = f"After “{source}” comes “{target}”", "of the times"
    sentence = {
        "appeared": f"{what}: next to never before, now {after} {share}.",
        "vanished": f"{what}: {before} {share} before, now next to never.",
    }.get(kind, f"{what}: {after} {share}, before that {before}.")
    sign, word = SIGNS[kind]
    evidence = f"{edge['before_n']:,} times before, {edge['after_n']:,} since"
    return Said(kind, sign, word, sentence, edge["before"], edge["after"], before, after, evidence)


def _of_duration(took: Row) -> Said:
    before_s, after_s = took["before_s"], took["after_s"]
    longer = after_s > before_s
    before, after = duration(before_s), duration(after_s)
    most = max(before_s, after_s, 1e-9)
    return Said(
        "longer" if longer else "shorter",
        "▲" if longer else "▼",
        "longer" if longer else "shorter",
        f"Cases typically take {after}, before that {before}: {_times(before_s, after_s)}.",
        before_s / most,
        after_s / most,
        before,
        after,
        f"{took['before_n']:,} closed cases before, {took['after_n']:,} since",
    )


def _times(before_s: float, after_s: float) -> str:
    """How many times as long, or what part of it."""
    least, most = sorted((max(before_s, 1e-9), max(after_s, 1e-9)))
    times = most / least
    number = f"{times:.1f}".rstrip("0").rstrip(".") if times < 10 else f"{round(times):,}"
    return f"{number} times as long" if after_s > before_s else f"{number} times as quick"


def headline(edges: list[Row], took: Row | None) -> str:
    """The change in a line."""
    kinds = [edge["kind"] for edge in edges]
    parts = []
    if took:
        parts.append("cases take longer" if took["after_s"] > took["before_s"] else "cases take less time")
    if new := kinds.count("appeared"):
        parts.append("a new path" if new == 1 else f"{new} new paths")
    if gone := kinds.count("vanished"):
        parts.append("a path is gone" if gone == 1 else f"{gone} paths are gone")
    if other := len(kinds) - new - gone:
        many = "one path is taken" if other == 1 else f"{other} paths are taken"
        parts.append(f"{many} {_more_or_less(kinds)}")
    text = ", ".join(parts) or "the process changed"
    return text[0].upper() + text[1:]


def _more_or_less(kinds: list[str]) -> str:
    rose, fell = "rose" in kinds, "fell" in kinds
    return "more or less often" if rose and fell else "more often" if rose else "less often"


def size(edges: list[Row], took: Row | None) -> str:
    """The largest shift: in points of a probability, and in times of a duration."""
    parts = []
    if edges:
        most = max(abs(edge["after"] - edge["before"]) for edge in edges)
        parts.append(f"up to {100 * most:.0f} points")
    if took:
        parts.append(_times(took["before_s"], took["after_s"]))
    return ", ".join(parts)


def certainty(edges: list[Row]) -> str:
    """How rarely chance alone would shift the clearest path so far; nothing where only durations changed.

    Without a change the likelihood ratio G of a path exceeds x with a chance of about exp(-x / 2) (Wilks 1938).
    """
    powers = max((_ratio(edge) / 2 / math.log(10) for edge in edges), default=0.0)
    if powers < 3:
        return ""
    if powers >= MOST_CERTAIN:
        return "by chance less than once in a billion"
    return f"by chance about once in {10 ** int(powers):,}"


def _ratio(edge: Row) -> float:
    """The likelihood ratio G of one path, whose numbers of departures follow from its times and shares."""
    sides = []
    for side in ("before", "after"):
        n, share = edge[f"{side}_n"], edge[side]
        sides.append((n, n / share if share else 0.0))
    total, out = sum(n for n, _ in sides), sum(of for _, of in sides)
    if not all(of for _, of in sides) or not 0 < total < out:
        return 0.0
    common = total / out
    return 2 * sum(_gain(n, n / of, common) + _gain(of - n, 1 - n / of, 1 - common) for n, of in sides)


def _gain(times: float, share: float, common: float) -> float:
    return times * math.log(share / common) if times > 0 else 0.0


SENSITIVITY = (
    f"A path that comes at least {100 * MIN_SHARE:.0f} points more or less often: smaller shifts are not told.",
    f"Cases that typically take at least {100 * (MIN_RATIO - 1):.0f} % longer, or that much less time.",
    f"Only what has lasted for {SETTLED * BLOCK} steps, and with at least {SUPPORT} observations before and after.",
    f"The first {WARM_UP} steps of a log are left out, as at first only quick cases are seen.",
    "Durations are compared once the log is four times as old as its cases take.",
    "The order of arrival counts. A gradual change is told as several ones.",
    "On simulated processes: no false alarm in 800,000 events without a change.",
)
"""What is told, and what is not."""
