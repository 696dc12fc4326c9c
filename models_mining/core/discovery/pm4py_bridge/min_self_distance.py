"""pm4py's minimum self distances."""

from collections.abc import Iterable

from models_mining.core.discovery.pm4py_bridge.frames import frame
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.seen import Seen


def batch_min_self_distance(rows: Iterable[Seen]) -> tuple[dict[str, int], set[tuple[str, str]]]:
    """The least number of events between two of an activity, and pairs of it and what was seen between two so near."""
    events = frame(rows)
    if events.empty:
        return {}, set()
    load()
    from pm4py.algo.discovery.minimum_self_distance import algorithm, utils
    from pm4py.objects.conversion.log import converter

    log = converter.apply(events, variant=converter.Variants.TO_EVENT_LOG)
    distances = {activity: int(distance) for activity, distance in algorithm.apply(log).items()}
    witnesses = utils.derive_msd_witnesses(log, distances)
    return distances, {(activity, other) for activity, others in witnesses.items() for other in others}
