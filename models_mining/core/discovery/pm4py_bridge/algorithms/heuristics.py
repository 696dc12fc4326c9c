"""The heuristics miner of pm4py, from counts and from events."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from models_mining.core.counting.abstraction import Triple
from models_mining.core.counting.pairs import Pair
from models_mining.core.discovery.pm4py_bridge.frames import frame
from models_mining.core.discovery.pm4py_bridge.loading import load, pm4py_errors
from models_mining.core.discovery.pm4py_bridge.nets import from_pm4py
from models_mining.core.drawing.nets import EMPTY_NET, Net
from models_mining.core.live_log import LoggedEvent


class Dependencies(NamedTuple):
    """A heuristics net: events per activity in it; for each pair how often it occurred, and its dependency."""

    nodes: Mapping[str, int]
    edges: Mapping[Pair, tuple[int, float]]


def dependencies(pairs: Mapping[Pair, int], **counts_and_parameters: Any) -> Dependencies:
    """The heuristics net of these counts, see :func:`_mined`; of nothing an empty one."""
    return _dependencies(_mined(pairs, **counts_and_parameters))


def heuristics_net(pairs: Mapping[Pair, int], **counts_and_parameters: Any) -> Net:
    """The Petri net of the heuristics net of these counts, see :func:`_mined`."""
    return _net(_mined(pairs, **counts_and_parameters))


def batch_dependencies(rows: Iterable[LoggedEvent], **parameters: Any) -> Dependencies:
    """pm4py's heuristics net of ``rows``."""
    return _dependencies(_batch(rows, parameters))


def batch_heuristics_net(rows: Iterable[LoggedEvent], **parameters: Any) -> Net:
    """The Petri net of pm4py's heuristics net of ``rows``."""
    return _net(_batch(rows, parameters))


def _mined(
    pairs: Mapping[Pair, int],
    *,
    activities: Mapping[str, int],
    starts: Mapping[str, int],
    ends: Mapping[str, int],
    triples: Mapping[Triple, int],
    **parameters: Any,
) -> Any:
    """pm4py's net; ``activities``, ``starts``, ``ends`` and ``triples`` are counts. None where there is nothing."""
    if not starts:
        return None
    load()
    from pm4py.algo.discovery.heuristics.variants.classic import apply_heu_dfg

    distance_two: dict[Pair, int] = {}
    for (a, _, c), count in triples.items():
        distance_two[a, c] = distance_two.get((a, c), 0) + count
    with pm4py_errors("the heuristics miner"):
        return apply_heu_dfg(
            dict(pairs),
            activities=list(activities),
            activities_occurrences=dict(activities),
            start_activities=dict(starts),
            end_activities=dict(ends),
            dfg_window_2=distance_two,
            freq_triples=dict(triples),
            parameters=_named(parameters),
        )


def _batch(rows: Iterable[LoggedEvent], parameters: Mapping[str, Any]) -> Any:
    events = frame(rows)
    if events.empty:
        return None
    load()
    from pm4py.algo.discovery.heuristics.variants.classic import apply_heu_pandas

    return apply_heu_pandas(events, parameters=_named(parameters))


def _named(parameters: Mapping[str, Any]) -> dict[Any, Any]:
    from pm4py.algo.discovery.heuristics.variants.classic import Parameters

    names = {
        "dependency_threshold": Parameters.DEPENDENCY_THRESH,
        "and_threshold": Parameters.AND_MEASURE_THRESH,
        "loop_two_threshold": Parameters.LOOP_LENGTH_TWO_THRESH,
        "min_activity_count": Parameters.MIN_ACT_COUNT,
        "min_dfg_occurrences": Parameters.MIN_DFG_OCCURRENCES,
        "noise_threshold": Parameters.DFG_PRE_CLEANING_NOISE_THRESH,
    }
    return {names[name]: value for name, value in parameters.items()}


def _dependencies(net: Any) -> Dependencies:
    if net is None:
        return Dependencies({}, {})
    edges = {
        (name, other.node_name): (int(lines[0].dfg_value), float(lines[0].dependency_value))
        for name, node in net.nodes.items()
        for other, lines in node.output_connections.items()
    }
    return Dependencies({name: int(node.node_occ) for name, node in net.nodes.items()}, edges)


def _net(net: Any) -> Net:
    if net is None or not net.nodes:
        return EMPTY_NET
    from pm4py.objects.conversion.heuristics_net.converter import apply

    return from_pm4py(*apply(net))
