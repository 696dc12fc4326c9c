"""The directly-follows graph of a stream that is too rich to be counted exactly."""

from models_mining.core.discovery.registry import Parameter, miner
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.live_log import CaseSet, LiveLog


@miner(
    name="lossy-dfg",
    source="Manku, Motwani: VLDB 2002; Burattin, Sperduti, van der Aalst: IEEE CEC 2014",
    cost="live",
    needs="moments",
    exact=False,
    case_sets=("all",),  # it cannot take back what it counted, when a case opens again
    parameters=(
        Parameter(
            "epsilon",
            0.001,
            "error of a count, as a share of all events; what is rarer goes",
            minimum=1e-6,
            maximum=0.5,
        ),
    ),
)
def lossy_dfg(log: LiveLog, cases: CaseSet = "all", *, epsilon: float) -> Drawing:
    """What mostly follows what, by lossy counting: in bounded memory, with a known error.

    Over all cases, each event in the order of arrival. ``n`` is at most ε times the number of events too low.
    """
    counts = log.lossy(epsilon)
    if counts is None:
        raise LookupError(f"this log does not keep lossy counts of ε {epsilon}")
    numbers = log.numbers
    activities, steps = counts.activities.counts, counts.steps.counts
    shown = activities.keys() | {activity for step in steps for activity in step if activity}
    nodes = [
        {
            "id": numbers[label],
            "label": label,
            "n": activities.get(label, (0, 0))[0],
            "starts": steps.get(("", label), (0, 0))[0],
        }
        for label in sorted(shown, key=numbers.__getitem__)
    ]
    edges = [{"s": numbers[a], "t": numbers[b], "n": n} for (a, b), (n, _) in steps.items() if a]
    edges.sort(key=lambda edge: (edge["s"], edge["t"]))
    remark = (
        f"Estimated from {counts.activities.total} events by lossy counting: no number is too high, none is more than "
        f"{counts.activities.error} too low, and what came no more often than that may be missing."
    )
    return {"kind": "graph", "nodes": nodes, "edges": edges, "remarks": [remark]}
