"""The alpha algorithm."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from models_mining.core.discovery.counting import follows, in_order
from models_mining.core.discovery.pm4py_bridge.algorithms.alpha import alpha, batch_alpha
from models_mining.core.discovery.registry import miner
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.net_drawing import draw_net
from models_mining.core.drawing.structure import net_differences
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent


def audit(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``drawing`` differs from pm4py's alpha net of ``rows``."""
    return net_differences(drawing, batch_alpha(rows))


@miner(
    name="alpha",
    source="van der Aalst, Weijters, Maruster: Workflow Mining, IEEE TKDE 16(9), 2004; pm4py.discover_petri_net_alpha",
    cost="live",
    needs="edges",
    pm4py=True,
    audit=audit,
)
def mine(log: LiveLog, cases: CaseSet = "all") -> Drawing:
    """Petri net of the alpha algorithm: the simplest there is, blind to short loops, and seldom sound on real logs."""
    counts = log.counts(cases)
    return draw_net(alpha(follows(counts), in_order(counts.starts), in_order(counts.ends)))
