"""The inductive miner: a process tree that fits every case."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from models_mining.core.discovery.pm4py_bridge.algorithms.inductive import batch_inductive, inductive
from models_mining.core.discovery.pm4py_bridge.trees import View, draw
from models_mining.core.discovery.registry import miner
from models_mining.core.discovery.views import TREE_VIEW
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.incomplete import remarked, where_all_cases_are_in
from models_mining.core.drawing.structure import structure_differences
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent, variants_of


@where_all_cases_are_in
def audit(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``drawing`` differs from the tree pm4py finds in ``rows``, but for the order of alternatives."""
    return structure_differences(drawing, draw(batch_inductive(rows), parameters["view"]))


@miner(
    name="im",
    source="Leemans, Fahland, van der Aalst: Discovering block-structured process models from event logs, "
    "Petri Nets 2013; pm4py.discover_process_tree_inductive",
    cost="slow",
    needs="variants",
    pm4py=True,
    parameters=(TREE_VIEW,),
    audit=audit,
)
def mine(log: LiveLog, cases: CaseSet = "all", view: View = "tree") -> Drawing:
    """Process tree of the inductive miner: sound, and every case fits it, a running one as if it ended now."""
    variants = variants_of(log, cases)
    return remarked(variants, draw(inductive(variants.counts), view))
