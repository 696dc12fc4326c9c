"""An algorithm for procmine: where work is done again."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from models_mining.core.discovery import CaseSet, Drawing, LiveLog, LoggedEvent, Parameter, miner, variants_of


def audit(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """Compare with a count over the stored events; an empty list says that both are equal."""
    events = Counter((row.case, row.activity) for row in rows)
    cases = Counter(activity for (_, activity), times in events.items() if times > parameters["times"])
    live = {node["label"]: node["n"] for node in drawing["nodes"]}
    batch = {activity: cases[activity] for _, activity in events}
    return [] if live == batch else [f"cases with rework: {live} live, {batch} in the stored events"]


@miner(
    name="rework",
    source="made up for the documentation",
    cost="slow",
    needs="variant-counts",
    parameters=(Parameter("times", 1, "an activity counts if a case has it more often than this", minimum=1),),
    audit=audit,
)
def mine(log: LiveLog, cases: CaseSet = "all", times: int = 1) -> Drawing:
    """Activities that a case does again.

    A node's ``n`` is the number of cases that have the activity more than ``times`` times; an edge leads from an
    activity to one that comes again right after it.
    """
    again: Counter[str] = Counter()
    back: Counter[tuple[str, str]] = Counter()
    labels: set[str] = set()
    for variant, count in variants_of(log, cases).counts.items():
        labels.update(variant)
        for activity, events in Counter(variant).items():
            again[activity] += count * (events > times)
        for place in range(1, len(variant)):
            if variant[place] in variant[:place]:
                back[variant[place - 1], variant[place]] += count
    number = log.numbers
    return Drawing(
        kind="graph",
        nodes=[{"id": number[label], "label": label, "n": again[label]} for label in sorted(labels, key=number.get)],
        edges=[{"s": number[a], "t": number[b], "n": count} for (a, b), count in sorted(back.items())],
    )
