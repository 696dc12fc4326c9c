"""The inductive miner on directly-follows counts."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from models_mining.core.discovery.counting import follows, in_order
from models_mining.core.discovery.pm4py_bridge.algorithms.imd import batch_imd, imd
from models_mining.core.discovery.pm4py_bridge.trees import View, draw
from models_mining.core.discovery.registry import miner
from models_mining.core.discovery.views import TREE_VIEW
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.structure import structure_differences
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent


def audit(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``drawing`` differs from the same view of the tree pm4py finds in ``rows``."""
    return structure_differences(drawing, draw(batch_imd(rows), parameters["view"]))


@miner(
    name="imd",
    source="Leemans, Fahland, van der Aalst: Scalable process discovery, SoSyM 17(2), 2018; pm4py's variant IMd",
    cost="live",
    needs="edges",
    pm4py=True,
    parameters=(TREE_VIEW,),
    audit=audit,
)
def mine(log: LiveLog, cases: CaseSet = "all", *, view: View = "tree") -> Drawing:
    """A sound model of blocks (sequence, choice, parallel, loop) from what follows what: the one to watch live.

    It allows all that was recorded, mostly more. The inductive miner on whole cases (im) is more precise, and slower.
    """
    counts = log.counts(cases)
    return draw(imd(follows(counts), in_order(counts.starts), in_order(counts.ends)), view)
