"""Alpha+: the alpha algorithm that also sees loops of length one and two."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from models_mining.core.discovery.pm4py_bridge.algorithms.order_dependent import alpha_plus, batch_alpha_plus
from models_mining.core.discovery.registry import miner
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
    return net_differences(drawing, batch_alpha_plus(rows))


@miner(
    name="alpha-plus",
    source="de Medeiros, van Dongen, van der Aalst, Weijters: Process mining: extending the α-algorithm to mine short "
    "loops, BETA WP 113, 2004; pm4py.discover_petri_net_alpha_plus",
    cost="slow",
    needs="variants",
    pm4py=True,
    exact=False,
    audit=audit,
)
def mine(log: LiveLog, cases: CaseSet = "all") -> Drawing:
    """Petri net of the alpha+ algorithm: like alpha, but it sees loops of length one and two.

    Ties are broken by the order of the cases, so another order may give another net; here it is always the same.
    """
    variants = variants_of(log, cases)
    drawing = draw_net(alpha_plus(variants.counts))
    return remarked(variants, drawing | {"remarks": [ORDER_DEPENDENT]})
