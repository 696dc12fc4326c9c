"""pm4py's transition system of a log in one go."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.discovery.pm4py_bridge.traces import frame_by_variant
from models_mining.core.live_log import LoggedEvent

State = tuple[str, ...]


def batch_transition_system(
    rows: Iterable[LoggedEvent], parameters: Mapping[str, Any]
) -> tuple[set[State], set[tuple[State, str, State]]]:
    """States and steps that ``pm4py.discover_transition_system`` finds in ``rows``; sets and multisets sorted."""
    events = frame_by_variant(rows)
    if events.empty:
        return set(), set()
    found = load().discover_transition_system(
        events, direction=parameters["direction"], window=parameters["window"], view=parameters["view"]
    )
    return (
        {_state(state.name) for state in found.states},
        {(_state(step.from_state.name), step.name, _state(step.to_state.name)) for step in found.transitions},
    )


def _state(name: Any) -> State:
    if isinstance(name, Counter):
        return tuple(sorted(name.elements()))
    return tuple(name) if isinstance(name, list) else tuple(sorted(name))
