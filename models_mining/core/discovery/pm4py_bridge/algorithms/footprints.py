"""Footprints in pm4py."""

from collections.abc import Iterable
from typing import Any

from models_mining.core.discovery.pm4py_bridge.frames import frame
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.live_log import LoggedEvent


def batch_footprints(rows: Iterable[LoggedEvent]) -> dict[str, set[Any]]:
    """pm4py's footprints of ``rows``: the sets ``activities``, ``sequence``, ``parallel`` … by name."""
    events = frame(rows)
    if events.empty:
        return {}
    load()
    from pm4py.algo.discovery.footprints import algorithm

    found = algorithm.apply(events, variant=algorithm.Variants.ENTIRE_DATAFRAME)
    return {name: set(members) for name, members in found.items() if isinstance(members, set | dict)}
