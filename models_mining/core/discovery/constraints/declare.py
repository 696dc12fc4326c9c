"""DECLARE: rules that the cases keep, each with how often it applied and how often it was kept."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from models_mining.core.discovery.pm4py_bridge.algorithms.declare import (
    Constraint,
    Kept,
    batch_declare,
    constraint_counts,
)
from models_mining.core.discovery.registry import Parameter, miner
from models_mining.core.drawing.constraints import Said, constraint_differences, draw_constraints, drawn_constraints
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.incomplete import where_all_cases_are_in
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent, variants_of


@where_all_cases_are_in
def audit(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``drawing`` differs from pm4py's DECLARE model of ``rows``."""
    ratios = None if parameters["automatic"] else (parameters["min_support_ratio"], parameters["min_confidence_ratio"])
    batch = batch_declare(rows, ratios, parameters["auto_selection_multiplier"])
    return constraint_differences(
        drawn_constraints(drawing, "constraints"), _said(batch), key=lambda what: tuple(what.values())
    )


@miner(
    name="declare",
    source="Maggi, Mooij, van der Aalst: User-guided discovery of declarative process models, CIDM 2011; "
    "pm4py.discover_declare",
    cost="slow",
    needs="variant-counts",
    pm4py=True,
    parameters=(
        Parameter(
            "automatic",
            default=True,
            meaning="choose both ratios from the constraint that fits best, instead of the two given here",
        ),
        Parameter(
            "auto_selection_multiplier", 0.8, "automatic: this share of the best one's ratios", minimum=0, maximum=1
        ),
        Parameter(
            "min_support_ratio", 0.5, "share of the cases in which a constraint must apply", minimum=0, maximum=1
        ),
        Parameter(
            "min_confidence_ratio",
            0.9,
            "share of the cases in which it applies that must keep it",
            minimum=0,
            maximum=1,
        ),
    ),
    audit=audit,
)
def mine(
    log: LiveLog,
    cases: CaseSet = "all",
    automatic: bool = True,
    auto_selection_multiplier: float = 0.8,
    min_support_ratio: float = 0.5,
    min_confidence_ratio: float = 0.9,
) -> Drawing:
    """Rules that the cases keep, as "b comes at some time after a", each with its support and confidence.

    ``constraints`` of a node (existence, exactly_one, init, absence) and of an edge (all others) lists ``template``,
    ``support`` (cases in which it was activated) and ``confidence`` (how many of these kept it).
    """
    variants = variants_of(log, cases)
    total = sum(variants.counts.values())
    found = constraint_counts(variants.counts) if total else {}
    support, confidence = min_support_ratio, min_confidence_ratio
    if automatic:
        support, confidence = _best(found, total, auto_selection_multiplier)
    kept = {
        name: counts
        for name, counts in found.items()
        if counts.support >= total * support and counts.confidence >= counts.support * confidence
    }
    return draw_constraints(variants, log.numbers, "constraints", _said(kept))


def _best(found: Mapping[Constraint, Kept], total: int, multiplier: float) -> tuple[float, float]:
    """The ratios of the constraint kept in most cases, times ``multiplier``; in pm4py's own arithmetic."""
    if not found:
        return 0.0, 0.0

    def rank(name: Constraint) -> tuple[float, str, tuple[str, ...]]:
        support, confidence = found[name]
        return (float(support) / float(total)) * (float(confidence) / float(support)), *name

    support, confidence = found[max(found, key=rank)]
    return float(support) / float(total) * multiplier, float(confidence) / float(support) * multiplier


def _said(kept: Mapping[Constraint, Kept]) -> Said:
    said: Said = {}
    for name, counts in sorted(kept.items()):
        said.setdefault(name.activities, []).append({"template": name.template, **counts._asdict()})
    return said
