"""Log skeletons: which activities belong together, and how often a case has each."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from models_mining.core.discovery.pm4py_bridge.algorithms.log_skeleton import Skeleton, batch_log_skeleton, log_skeleton
from models_mining.core.discovery.registry import Parameter, miner
from models_mining.core.drawing.constraints import Said, constraint_differences, draw_constraints, drawn_constraints
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.incomplete import where_all_cases_are_in
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent, variants_of

RELATIONS = ("always_after", "always_before", "directly_follows", "equivalence", "never_together")


@where_all_cases_are_in
def audit(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``drawing`` differs from pm4py's log skeleton of ``rows``."""
    batch = _said(batch_log_skeleton(rows, parameters["noise_threshold"]))
    return constraint_differences(drawn_constraints(drawing, "relations"), batch)


@miner(
    name="log-skeleton",
    source="Verbeek, de Carvalho: Log Skeletons, 2018 (arXiv 1806.08247); pm4py.discover_log_skeleton",
    cost="slow",
    needs="variant-counts",
    pm4py=True,
    parameters=(
        Parameter("noise_threshold", 0.0, "a relation may be broken by this share of its cases", minimum=0, maximum=1),
    ),
    audit=audit,
)
def mine(log: LiveLog, cases: CaseSet = "all", noise_threshold: float = 0.0) -> Drawing:
    """Which activities always or never occur together, and in which order; no control flow.

    ``relations`` of an edge from *a* to *b* lists, of RELATIONS, what holds whenever *a* occurs: *b* comes later
    (always_after) or came earlier (always_before), comes next (directly_follows), occurs equally often
    (equivalence), does not occur (never_together). ``relations`` of a node lists how often a case may have it.
    """
    variants = variants_of(log, cases)
    skeleton = log_skeleton(variants.counts, noise_threshold) if variants.counts else {}
    return draw_constraints(variants, log.numbers, "relations", _said(skeleton))


def _said(skeleton: Skeleton) -> Said:
    said: Said = {(activity,): sorted(often) for activity, often in skeleton.get("activ_freq", {}).items()}
    for relation in RELATIONS:
        for pair in skeleton.get(relation, ()):
            said.setdefault(pair, []).append(relation)
    return said
