"""Whether a case keeps footprints: begins, goes on and ends as the reference does.

Source: van der Aalst: Process Mining, 2nd ed., Springer 2016, section 8.3; pm4py.conformance_footprints.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from models_mining.core.conformance.breaches import Breach, Verdict, breach


class Footprints(NamedTuple):
    """Which activities may begin and end a case, and which may directly follow which."""

    starts: frozenset[str]
    ends: frozenset[str]
    follows: frozenset[tuple[str, str]]


def read(drawing: Mapping[str, Any]) -> Footprints:
    """The footprints of a drawing (or a stored picture) of the algorithm ``footprints``."""
    labels = {node["id"]: node["label"] for node in drawing["nodes"]}
    ways = [(labels[edge["s"]], labels[edge["t"]], edge["relation"]) for edge in drawing["edges"]]
    return Footprints(
        frozenset(node["label"] for node in drawing["nodes"] if node["start"]),
        frozenset(node["label"] for node in drawing["nodes"] if node["end"]),
        frozenset((a, b) for a, b, _ in ways) | frozenset((b, a) for a, b, relation in ways if relation != "→"),
    )


def deviations(footprints: Footprints, trace: Sequence[str], *, closed: bool) -> list[Breach]:
    """What a case did otherwise, each once; of a closed case exactly what pm4py finds.

    Whether the case may end where it stands only its end can tell. (pm4py also compares the length of a case with
    the shortest one of the reference; here that is no rule.)
    """
    if not trace:
        return []
    broken = Verdict.BROKEN
    found: list[Breach] = []
    if trace[0] not in footprints.starts:
        said = f"no case begins with {trace[0]}"
        found += breach(broken, "start_activities", (trace[0],), trace[0], said, closed=closed)
    for a, b in dict.fromkeys(pairwise(trace)):
        if (a, b) not in footprints.follows:
            said = f"{b} never comes directly after {a}"
            found += breach(broken, "footprints", (a, b), b, said, closed=closed)
    if trace[-1] not in footprints.ends:
        said = f"no case ends with {trace[-1]}"
        found += breach(Verdict.PENDING, "end_activities", (trace[-1],), trace[-1], said, closed=closed)
    return found
