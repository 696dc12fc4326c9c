"""pm4py's variants."""

from collections.abc import Iterable

from models_mining.core.discovery.pm4py_bridge.frames import frame
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.live_log import LoggedEvent, Variant


def batch_variants(rows: Iterable[LoggedEvent]) -> dict[Variant, int]:
    """How many cases of ``rows`` have exactly this sequence of activities."""
    events = frame(rows)
    if events.empty:
        return {}
    return {tuple(variant): int(cases) for variant, cases in load().get_variants(events).items()}
