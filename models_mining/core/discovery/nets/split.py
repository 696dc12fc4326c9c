"""The split miner."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from models_mining.core.discovery.counting import follows, in_order
from models_mining.core.discovery.pm4py_bridge.algorithms.split import View, batch_split, split
from models_mining.core.discovery.registry import Parameter, miner
from models_mining.core.discovery.views import BPMN_VIEW
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.structure import structure_differences
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent


def audit(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``drawing`` differs from what pm4py's split miner finds in ``rows``."""
    return structure_differences(drawing, batch_split(rows, **parameters))


@miner(
    name="split",
    source="Augusto, Conforti, Dumas, La Rosa, Polyvyanyy: Split miner, Knowl. Inf. Syst. 59, 2019; pm4py",
    cost="live",
    needs="counts",
    pm4py=True,
    parameters=(
        BPMN_VIEW,
        Parameter(
            "concurrency_threshold",
            0.1,
            "two activities that follow each other both ways are parallel if the counts differ by less than this share",
            minimum=0,
            maximum=1,
        ),
        Parameter(
            "filter_percentile",
            0.4,
            "share of the pairs, the rarest, that are left out where every activity stays connected without",
            minimum=0,
            maximum=1,
        ),
        Parameter("minimise_or_joins", default=True, meaning="turn inclusive joins into exclusive or parallel ones"),
    ),
    audit=audit,
)
def mine(log: LiveLog, cases: CaseSet = "all", *, view: View = "bpmn", **parameters: Any) -> Drawing:
    """A BPMN diagram from what follows what: parallel steps and frequent ways, fast, and readable on large logs."""
    counts = log.counts(cases)
    return split(
        follows(counts),
        starts=in_order(counts.starts),
        ends=in_order(counts.ends),
        there_and_back={
            (a, b): counts.triples[a, b, c].count for a, b, c in sorted(counts.triples) if a == c and a != b
        },
        view=view,
        **parameters,
    )
