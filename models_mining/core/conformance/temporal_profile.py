"""Whether the times between the activities of a case are usual.

Source: Stertz, Mangler, Rinderle-Ma: Temporal conformance checking at runtime, arXiv:2008.07262, 2020;
pm4py.conformance_temporal_profile.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from models_mining.core.conformance.breaches import Breach, Verdict, breach
from models_mining.core.live_log import Step

TemporalProfile = Mapping[tuple[str, str], tuple[float, float]]
"""Mean and standard deviation in seconds of the time from one activity to another anywhere after it."""


def read(drawing: Mapping[str, Any]) -> TemporalProfile:
    """The times of a drawing (or a stored picture) of the algorithm ``temporal-profile``."""
    labels = {node["id"]: node["label"] for node in drawing["nodes"]}
    return {(labels[edge["s"]], labels[edge["t"]]): (edge["mean_s"], edge["deviation_s"]) for edge in drawing["edges"]}


def deviations(profile: TemporalProfile, steps: Sequence[Step], *, zeta: float = 6.0) -> list[Breach]:
    """Every two events of a case whose time lies more than ``zeta`` deviations from the mean, as pm4py lists them.

    What has happened will not change, so none is pending.
    """
    found: list[Breach] = []
    for number, (a, from_us) in enumerate(steps):
        for b, to_us in steps[number + 1 :]:
            usual = profile.get((a, b))
            if usual is None:
                continue
            mean_s, deviation_s = usual
            after_s = (to_us - from_us) / 10**6
            if not mean_s - zeta * deviation_s <= after_s <= mean_s + zeta * deviation_s:
                said = f"{b} came {after_s:.6g} s after {a}, where {mean_s:.6g} ± {zeta * deviation_s:.6g} s is usual"
                found += breach(Verdict.BROKEN, "temporal_profile", (a, b), b, said, closed=True)
    return found
