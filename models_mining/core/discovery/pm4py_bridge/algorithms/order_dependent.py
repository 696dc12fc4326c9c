"""pm4py's miners whose nets depend on the order of the cases: of variants in their order, and in one go in the same."""

import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from models_mining.core.discovery.pm4py_bridge.loading import load, pm4py_errors
from models_mining.core.discovery.pm4py_bridge.nets import from_pm4py
from models_mining.core.discovery.pm4py_bridge.traces import event_log, frame_by_variant
from models_mining.core.drawing.nets import EMPTY_NET, Net
from models_mining.core.live_log import LoggedEvent, Variant


def alpha_plus(variants: Collection[Variant]) -> Net:
    """The net of alpha+ on one trace per variant; of none the empty net."""
    return _alpha_plus(event_log(variants)) if variants else EMPTY_NET


def batch_alpha_plus(rows: Iterable[LoggedEvent]) -> Net:
    """The net of alpha+ on all cases, sorted by their activities."""
    events = frame_by_variant(rows)
    return EMPTY_NET if events.empty else _alpha_plus(load().convert_to_event_log(events))


def _alpha_plus(log: Any) -> Net:
    """pm4py's steps of alpha+, one by one, so that it combines pairs in the order of their names.

    On its own it takes them in the order of sets of strings, which differs from process to process, and so do the
    places it finds.
    """
    from pm4py.algo.discovery.alpha.variants import plus

    with pm4py_errors("alpha+"):
        filtered, loops, before, after, _, _ = plus.preprocessing(log)  # adds a start and an end to each trace
        causal, _, follows = plus.get_relations(filtered)
        in_order = {activity: sorted(causal[activity]) for activity in sorted(causal)}
        net, initial, final, pairs = plus.processing(filtered, in_order, follows)
        net, initial, final = plus.postprocessing(net, initial, final, before, after, pairs, loops)
        net, initial = plus.remove_initial_hidden_if_possible(net, initial)
        return from_pm4py(plus.remove_final_hidden_if_possible(net, final), initial, final)


def ilp(variants: Mapping[Variant, int], alpha: float) -> Net:
    """The net of the ILP miner on these variants; of none the empty net."""
    if not variants:
        return EMPTY_NET
    load()
    from pm4py.algo.discovery.ilp import algorithm

    # how often a variant occurs matters only to the filter
    traces = variants if alpha == 1 else (variant for variant, cases in variants.items() for _ in range(cases))
    with _solving():
        return from_pm4py(*algorithm.apply(event_log(traces), parameters={"alpha": alpha, "show_progress_bar": False}))


def batch_ilp(rows: Iterable[LoggedEvent], alpha: float) -> Net:
    """The net of the ILP miner on all cases, sorted by their activities."""
    events = frame_by_variant(rows)
    if events.empty:
        return EMPTY_NET
    pm4py = load()
    with _solving():
        return from_pm4py(*pm4py.discover_petri_net_ilp(events, alpha=alpha))


@contextmanager
def _solving() -> Iterator[None]:
    """pm4py takes scipy's old simplex, which solves the relaxed programs and says so each time."""
    with pm4py_errors("the ILP miner"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
