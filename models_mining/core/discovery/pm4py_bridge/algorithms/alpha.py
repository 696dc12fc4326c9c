"""The alpha algorithm of pm4py, from counts and from events."""

from collections.abc import Iterable, Mapping

from models_mining.core.counting.pairs import Pair
from models_mining.core.discovery.pm4py_bridge.frames import frame
from models_mining.core.discovery.pm4py_bridge.loading import load, pm4py_errors
from models_mining.core.discovery.pm4py_bridge.nets import from_pm4py
from models_mining.core.drawing.nets import EMPTY_NET, Net
from models_mining.core.live_log import LoggedEvent


def alpha(pairs: Mapping[Pair, int], starts: Mapping[str, int], ends: Mapping[str, int]) -> Net:
    """The net of these directly-follows counts; nothing at all gives the empty net."""
    if not starts:
        return EMPTY_NET
    load()
    from pm4py.algo.discovery.alpha.variants.classic import apply_dfg_sa_ea

    with pm4py_errors("the alpha algorithm"):
        return from_pm4py(*apply_dfg_sa_ea(dict(pairs), dict(starts), dict(ends)))


def batch_alpha(rows: Iterable[LoggedEvent]) -> Net:
    """pm4py's net of ``rows``."""
    events = frame(rows)
    if events.empty:
        return EMPTY_NET
    return from_pm4py(*load().discover_petri_net_alpha(events))
