"""The ILP miner: a Petri net whose places are solutions of integer linear programs."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from models_mining.core.discovery.pm4py_bridge.algorithms.order_dependent import batch_ilp, ilp
from models_mining.core.discovery.registry import Parameter, miner
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.incomplete import ORDER_DEPENDENT, remarked, where_all_cases_are_in
from models_mining.core.drawing.net_drawing import draw_net
from models_mining.core.drawing.structure import net_differences
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent, variants_of


@where_all_cases_are_in
def audit(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``drawing`` differs from pm4py's net of ``rows``, given in the same order of cases."""
    return net_differences(drawing, batch_ilp(rows, parameters["alpha"]))


@miner(
    name="ilp",
    source="van Zelst, van Dongen, van der Aalst, Verbeek: Discovering workflow nets using integer linear programming, "
    "Computing 100, 2018; pm4py.discover_petri_net_ilp",
    cost="slow",
    needs="variant-counts",
    pm4py=True,
    exact=False,
    parameters=(
        Parameter("alpha", 1.0, "1 keeps all behaviour, 0 leaves out all but the most frequent", minimum=0, maximum=1),
    ),
    audit=audit,
)
def mine(log: LiveLog, cases: CaseSet = "all", alpha: float = 1.0) -> Drawing:
    """Petri net that replays the log, with a place for each way activities depend on one another; slow.

    Of equally good places the one found first is taken, so another order of the cases may give another net; here it
    is always the same.
    """
    variants = variants_of(log, cases)
    drawing = draw_net(ilp(variants.counts, alpha))
    return remarked(variants, drawing | {"remarks": [ORDER_DEPENDENT]})
