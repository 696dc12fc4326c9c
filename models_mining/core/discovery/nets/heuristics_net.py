"""The Petri net of the heuristics miner."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from models_mining.core.discovery.counting import follows, in_order
from models_mining.core.discovery.nets.heuristics import PARAMETERS, SOURCE
from models_mining.core.discovery.pm4py_bridge.algorithms.heuristics import batch_heuristics_net, heuristics_net
from models_mining.core.discovery.registry import miner
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.net_drawing import draw_net
from models_mining.core.drawing.structure import net_differences
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent


def audit(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``drawing`` differs from the Petri net of pm4py's heuristics net of ``rows``."""
    return net_differences(drawing, batch_heuristics_net(rows, **parameters))


@miner(
    name="heuristics-net", source=SOURCE, cost="live", needs="counts", pm4py=True, parameters=PARAMETERS, audit=audit
)
def mine(log: LiveLog, cases: CaseSet = "all", **parameters: Any) -> Drawing:
    """Petri net of the heuristics miner: what runs in parallel, without rare behaviour; not always sound."""
    counts = log.counts(cases)
    net = heuristics_net(
        follows(counts),
        activities=in_order(counts.activities),
        starts=in_order(counts.starts),
        ends=in_order(counts.ends),
        triples={three: counts.triples[three].count for three in sorted(counts.triples)},
        **parameters,
    )
    return draw_net(net)
