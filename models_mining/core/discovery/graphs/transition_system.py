"""Transition systems: the states that cases go through, where a state is what was last seen of a case."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from models_mining.core.discovery.pm4py_bridge.algorithms.transition_system import State, batch_transition_system
from models_mining.core.discovery.registry import Parameter, miner
from models_mining.core.drawing.drawing import Drawing, Row
from models_mining.core.drawing.incomplete import remarked, where_all_cases_are_in
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent, Variant, variants_of

Step = tuple[State, str, State]


@where_all_cases_are_in
def audit(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How the states and steps of ``drawing`` differ from pm4py's."""
    states = {node["id"]: tuple(node["activities"]) for node in drawing["nodes"]}
    steps = {
        (states[edge["s"]], activity, states[edge["t"]]) for edge in drawing["edges"] for activity in edge["activities"]
    }
    batch_states, batch_steps = batch_transition_system(rows, parameters)
    return [
        *(
            f"state {list(state)}: {_side(state in batch_states)}"
            for state in sorted({*states.values()} ^ batch_states)
        ),
        *(f"step {list(step)}: {_side(step in batch_steps)}" for step in sorted(steps ^ batch_steps)),
    ]


@miner(
    name="transition-system",
    source="van der Aalst, Rubin, Verbeek, van Dongen, Kindler, Günther: Process mining: a two-step approach, "
    "Software and Systems Modeling 9, 2010; pm4py.discover_transition_system",
    cost="slow",
    needs="variant-counts",
    parameters=(
        Parameter("window", 2, "how many activities a state remembers", minimum=1, maximum=100),
        Parameter(
            "direction",
            "backward",
            "backward: what has just happened; forward: what happens next, known only afterwards",
            choices=("backward", "forward"),
        ),
        Parameter(
            "view",
            "sequence",
            "whether their order counts (sequence), how often each occurs (multiset), or only which (set)",
            choices=("sequence", "multiset", "set"),
        ),
    ),
    audit=audit,
)
def mine(
    log: LiveLog, cases: CaseSet = "all", window: int = 2, direction: str = "backward", view: str = "sequence"
) -> Drawing:
    """The states cases go through: what just happened (or comes next), and which activity leads from one to another.

    ``n`` counts visits of a state and steps along an edge; ``activities`` of an edge counts them by activity, those
    of a state are what it remembers. ``start`` and ``end`` count the cases that began and that stand there.
    """
    variants = variants_of(log, cases)
    visits: dict[State, Row] = {}
    steps: dict[tuple[State, State], dict[str, int]] = {}

    def visited(state: State) -> Row:
        return visits.setdefault(state, {"n": 0, "start": 0, "end": 0})

    for variant, count in variants.counts.items():
        states = list(states_of(variant, window=window, direction=direction, view=view))
        visited(states[0])["start"] += count
        visited(states[-1])["end"] += count
        for state in states:
            visited(state)["n"] += count
        for before, activity, after in zip(states, variant, states[1:], strict=False):
            taken = steps.setdefault((before, after), {})
            taken[activity] = taken.get(activity, 0) + count
    return remarked(
        variants,
        Drawing(
            kind="states",
            nodes=[
                {"id": _name(state), "label": ", ".join(state), "type": "state", "activities": list(state), **counts}
                for state, counts in sorted(visits.items())
            ],
            edges=[
                {
                    "s": _name(before),
                    "t": _name(after),
                    "n": sum(taken.values()),
                    "label": ", ".join(sorted(taken)),
                    "activities": dict(sorted(taken.items())),
                }
                for (before, after), taken in sorted(steps.items())
            ],
        ),
    )


def states_of(variant: Variant, *, window: int, direction: str, view: str) -> Iterator[State]:
    """The states a case goes through, from before its first event to after its last one."""
    for place in range(len(variant) + 1):
        seen = variant[max(0, place - window) : place] if direction == "backward" else variant[place : place + window]
        if view == "sequence":
            yield seen
        else:
            yield tuple(sorted(seen if view == "multiset" else set(seen)))


def _name(state: State) -> str:
    """One name per state, whatever the activities are called."""
    return repr(list(state))


def _side(batch: bool) -> str:
    return "in batch, not live" if batch else "live, not in batch"
