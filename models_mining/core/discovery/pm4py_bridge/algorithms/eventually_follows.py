"""pm4py's eventually-follows graph and temporal profile."""

from collections.abc import Iterable

from models_mining.core.counting.pairs import Pair
from models_mining.core.discovery.pm4py_bridge.frames import frame
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.live_log import LoggedEvent


def batch_eventually_follows(rows: Iterable[LoggedEvent]) -> dict[Pair, int]:
    """How often one activity came anywhere after another in the same case."""
    events = frame(rows)
    if events.empty:
        return {}
    return {pair: int(count) for pair, count in load().discover_eventually_follows_graph(events).items()}


def batch_temporal_profile(rows: Iterable[LoggedEvent]) -> dict[Pair, tuple[float, float]]:
    """After how long (s), on average, and the sample standard deviation."""
    events = frame(rows)
    if events.empty:
        return {}
    found = load().discover_temporal_profile(events)
    return {pair: (float(mean_s), float(deviation_s)) for pair, (mean_s, deviation_s) in found.items()}
