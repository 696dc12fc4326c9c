"""pm4py's minimum self distances."""

from collections.abc import Iterable

from models_mining.core.discovery.pm4py_bridge.frames import ACTIVITY, frame
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.live_log import LoggedEvent


def batch_min_self_distance(rows: Iterable[LoggedEvent]) -> tuple[dict[str, int | None], set[tuple[str, str]]]:
    """For each activity the least number of events between two of it; pairs of it and what was seen there."""
    events = frame(rows)
    if events.empty:
        return {}, set()
    load()
    from pm4py.algo.discovery.minimum_self_distance import algorithm, utils
    from pm4py.objects.conversion.log import converter

    log = converter.apply(events, variant=converter.Variants.TO_EVENT_LOG)
    found = algorithm.apply(log)
    witnesses = utils.derive_msd_witnesses(log, found)
    distances = {activity: int(found[activity]) if activity in found else None for activity in set(events[ACTIVITY])}
    return distances, {(activity, other) for activity, others in witnesses.items() for other in others}
