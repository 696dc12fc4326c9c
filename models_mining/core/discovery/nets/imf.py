"""The inductive miner that leaves out infrequent behaviour."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from models_mining.core.discovery.pm4py_bridge.algorithms.inductive import batch_inductive, inductive
from models_mining.core.discovery.pm4py_bridge.trees import View, draw
from models_mining.core.discovery.registry import Parameter, miner
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
    batch = batch_inductive(rows, parameters["noise_threshold"])
    return structure_differences(drawing, draw(batch, parameters["view"]))


@miner(
    name="imf",
    source="Leemans, Fahland, van der Aalst: Discovering block-structured process models from event logs containing "
    "infrequent behaviour, BPM Workshops 2013; pm4py.discover_process_tree_inductive",
    cost="slow",
    needs="variant-counts",
    pm4py=True,
    parameters=(
        Parameter(
            "noise_threshold",
            0.2,
            "what is rarer than this share of the most frequent alternative is left out",
            minimum=0,
            maximum=1,
        ),
        TREE_VIEW,
    ),
    audit=audit,
)
def mine(log: LiveLog, cases: CaseSet = "all", noise_threshold: float = 0.2, view: View = "tree") -> Drawing:
    """Process tree of the inductive miner without what happens rarely: sound and simpler, but not every case fits."""
    variants = variants_of(log, cases)
    return remarked(variants, draw(inductive(variants.counts, noise_threshold), view))
