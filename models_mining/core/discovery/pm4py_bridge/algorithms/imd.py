"""The inductive miner of pm4py on directly-follows counts, from counts and from events."""

from collections.abc import Iterable, Mapping
from typing import Any

from models_mining.core.counting.pairs import Pair
from models_mining.core.discovery.pm4py_bridge.frames import frame
from models_mining.core.discovery.pm4py_bridge.loading import load, pm4py_errors
from models_mining.core.discovery.pm4py_bridge.trees import from_pm4py
from models_mining.core.drawing.trees import Tree
from models_mining.core.live_log import LoggedEvent


def imd(pairs: Mapping[Pair, int], starts: Mapping[str, int], ends: Mapping[str, int]) -> Tree | None:
    """The tree of these directly-follows counts; None of nothing."""
    if not starts:
        return None
    load()
    from pm4py.objects.dfg.obj import DFG

    return _found(DFG(dict(pairs), dict(starts), dict(ends)))


def batch_imd(rows: Iterable[LoggedEvent]) -> Tree | None:
    """pm4py's tree of ``rows``."""
    events = frame(rows)
    if events.empty:
        return None
    load()
    return _found(events)


def _found(what: Any) -> Tree:
    from pm4py.algo.discovery.inductive import algorithm

    with pm4py_errors("the inductive miner"):
        return from_pm4py(algorithm.apply(what, variant=algorithm.Variants.IMd))
