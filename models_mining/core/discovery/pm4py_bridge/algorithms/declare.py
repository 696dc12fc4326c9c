"""pm4py's DECLARE constraints of variants, and in one go."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from models_mining.core.discovery.pm4py_bridge.frames import frame
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.discovery.pm4py_bridge.traces import event_log
from models_mining.core.live_log import LoggedEvent, Variant, events_by_activity

CELLS = 4_000_000
"""Of the tables that are made at a time: a row per variant, a column per template and pair of activities."""

TEMPLATES_OF_TWO = 14


class Constraint(NamedTuple):
    """A template filled with one activity or with two, in the order of the template (response of b to a: a, b)."""

    template: str
    activities: tuple[str, ...]


class Kept(NamedTuple):
    """In how many cases the constraint was activated (``support``), and in how many of them fulfilled."""

    support: int
    confidence: int


def constraint_counts(variants: Mapping[Variant, int]) -> dict[Constraint, Kept]:
    """Every constraint over these activities that was activated at all.

    pm4py judges each variant once, some at a time; their cases are counted here.
    """
    load()
    import numpy as np
    from pm4py.algo.discovery.declare.variants import classic

    activities = set(events_by_activity(variants))
    at_a_time = max(1, CELLS // (TEMPLATES_OF_TWO * max(1, len(activities)) ** 2))
    sequences = list(variants)
    support: dict[Constraint, int] = {}
    confidence: dict[Constraint, int] = {}
    for start in range(0, len(sequences), at_a_time):
        some = sequences[start : start + at_a_time]
        table = classic.form_rules_table(
            event_log(some), parameters={classic.Parameters.CONSIDERED_ACTIVITIES: activities}
        )
        cases = np.array([variants[variant] for variant in some], dtype=np.int64)
        judged = table.to_numpy()
        for column, active, kept in zip(
            table.columns, (cases @ (judged != 0)).tolist(), (cases @ (judged == 1)).tolist(), strict=True
        ):
            if active:
                name = Constraint(column[0], tuple(part for part in column[1:] if isinstance(part, str)))
                support[name] = support.get(name, 0) + active
                confidence[name] = confidence.get(name, 0) + kept
    return {name: Kept(count, confidence[name]) for name, count in support.items()}


def batch_declare(
    rows: Iterable[LoggedEvent], ratios: tuple[float, float] | None, multiplier: float
) -> dict[Constraint, Kept]:
    """What pm4py's DECLARE miner finds in ``rows``; without ratios (of support, of confidence) it chooses them."""
    events = frame(rows)
    if events.empty:
        return {}
    load()
    from pm4py.algo.discovery.declare.variants import classic

    parameters: dict[Any, Any] = {classic.Parameters.AUTO_SELECTION_MULTIPLIER: multiplier}
    if ratios is not None:
        parameters[classic.Parameters.MIN_SUPPORT_RATIO], parameters[classic.Parameters.MIN_CONFIDENCE_RATIO] = ratios
    return {
        Constraint(template, about if isinstance(about, tuple) else (about,)): Kept(
            counts["support"], counts["confidence"]
        )
        for template, found in classic.apply(events, parameters=parameters).items()
        for about, counts in found.items()
    }
