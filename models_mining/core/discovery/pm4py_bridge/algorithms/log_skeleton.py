"""pm4py's log skeletons of variants, and in one go."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.discovery.pm4py_bridge.traces import frame_by_variant
from models_mining.core.live_log import LoggedEvent, Variant, events_by_activity

Skeleton = dict[str, Any]
"""As pm4py has it: five sets of pairs by the name of their relation, and ``activ_freq``, for each activity the numbers
of times that a case may have it."""


def log_skeleton(variants: Mapping[Variant, int], noise_threshold: float) -> Skeleton:
    """The skeleton of these variants."""
    load()
    from pm4py.algo.discovery.log_skeleton.variants import classic

    traces, events = Counter(variants), Counter(events_by_activity(variants))
    return {
        "equivalence": classic.equivalence(traces, events, noise_threshold),
        "always_after": classic.always_after(traces, events, noise_threshold),
        "always_before": classic.always_before(traces, events, noise_threshold),
        "never_together": classic.never_together(traces, events, events.total(), noise_threshold),
        "directly_follows": classic.directly_follows(traces, events, noise_threshold),
        "activ_freq": classic.activ_freq(traces, events, events.total(), noise_threshold),
    }


def batch_log_skeleton(rows: Iterable[LoggedEvent], noise_threshold: float) -> Skeleton:
    """What ``pm4py.discover_log_skeleton`` finds in ``rows``; without rows nothing."""
    events = frame_by_variant(rows)
    return load().discover_log_skeleton(events, noise_threshold=noise_threshold) if len(events) else {}
