"""The split miner of pm4py, from counts and from events."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from models_mining.core.counting.pairs import Pair
from models_mining.core.discovery.pm4py_bridge.bpmn import from_pm4py
from models_mining.core.discovery.pm4py_bridge.frames import frame
from models_mining.core.discovery.pm4py_bridge.loading import load, pm4py_errors
from models_mining.core.discovery.pm4py_bridge.nets import from_pm4py as net_from_pm4py
from models_mining.core.drawing.bpmn import draw_bpmn
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.net_drawing import draw_net
from models_mining.core.live_log import LoggedEvent

View = Literal["bpmn", "petri-net"]


def split(
    pairs: Mapping[Pair, int],
    *,
    starts: Mapping[str, int],
    ends: Mapping[str, int],
    there_and_back: Mapping[Pair, int],
    view: View,
    **parameters: Any,
) -> Drawing:
    """What the split miner finds in these counts; ``there_and_back`` counts a, b, a for (a, b)."""
    if not starts:
        return Drawing(kind=view, nodes=[], edges=[])
    load()
    from pm4py.algo.discovery.split_miner.dtypes.log import END_LABEL, START_LABEL
    from pm4py.algo.discovery.split_miner.dtypes.loops import LoopInfo
    from pm4py.algo.discovery.split_miner.variants.classic import ClassicSplitMiner

    dfg = {(START_LABEL, activity): count for activity, count in starts.items()} | dict(pairs)
    dfg |= {(activity, END_LABEL): count for activity, count in ends.items()}
    selves = {a for a, b in pairs if a == b}
    loops = LoopInfo(
        self_loops=selves,
        short_loops={frozenset(pair) for pair in there_and_back if selves.isdisjoint(pair)},
        short_loop_freq=dict(there_and_back),
    )

    class OfCounts(ClassicSplitMiner):  # type: ignore[misc]
        def do_extract_traces(self, log: Any, parameters: Any = None) -> list[list[str]]:
            return [[START_LABEL, END_LABEL]]  # only asked whether there are any

        def do_dfg_discovery(self, traces: Any, parameters: Any = None) -> tuple[dict[Pair, int], Any]:
            return _in_order(dfg), loops

    with pm4py_errors("the split miner"):
        return _drawn(OfCounts().apply([], _named(parameters)), view)


def batch_split(rows: Iterable[LoggedEvent], *, view: View, **parameters: Any) -> Drawing:
    """What pm4py's split miner finds in ``rows``, with the directly-follows counts in the order of the live ones."""
    events = frame(rows)
    if events.empty:
        return Drawing(kind=view, nodes=[], edges=[])
    load()
    from pm4py.algo.discovery.split_miner.variants.classic import ClassicSplitMiner

    class InOrder(ClassicSplitMiner):  # type: ignore[misc]
        def do_dfg_discovery(self, traces: Any, parameters: Any = None) -> tuple[dict[Pair, int], Any]:
            dfg, loops = super().do_dfg_discovery(traces, parameters)
            return _in_order(dfg), loops

    return _drawn(InOrder().apply(events, _named(parameters)), view)


def _in_order(dfg: Mapping[Pair, int]) -> dict[Pair, int]:
    """The order by which the split miner breaks ties: the same whichever case was counted first."""
    return {pair: dfg[pair] for pair in sorted(dfg)}


def _named(parameters: Mapping[str, Any]) -> dict[Any, Any]:
    from pm4py.algo.discovery.split_miner.concurrency.classic import Parameters as Concurrency
    from pm4py.algo.discovery.split_miner.filtering.max_min import Parameters as Filter
    from pm4py.algo.discovery.split_miner.variants.abc import Parameters as Framework

    names: dict[str, Any] = {
        "concurrency_threshold": Concurrency.EPSILON,
        "filter_percentile": Filter.ETA,
        "minimise_or_joins": Framework.OR_MINIMISE,
    }
    return {names[name]: value for name, value in parameters.items()}


def _drawn(diagram: Any, view: View) -> Drawing:
    if view == "bpmn":
        return draw_bpmn(from_pm4py(diagram))
    return draw_net(net_from_pm4py(*load().convert_to_petri_net(diagram)))
