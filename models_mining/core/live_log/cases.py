"""The state of a single case: its position in the prefix tree, and the moments that decide what an event does to it."""

from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from models_mining.core.counting.pairs import Profile, Steps
from models_mining.core.counting.prefix_tree import Node

CaseSet = Literal["all", "closed"]
"""The cases that a model counts."""


class Overflow(NamedTuple):
    """The last two activities and the number of events of a case that is not in the prefix tree."""

    before: str = ""
    activity: str = ""
    length: int = 0


NO_OVERFLOW = Overflow()
_COLUMNS = ("name", "node", "started_at_us", "last_at_us", "received_at_us", "seq", "closed")


class Case:
    """One case. ``node`` is its position in the prefix tree; None if it is over the tree's budget, or not counted.

    ``last_at_us`` and ``started_at_us`` are event time, ``received_at_us`` is the greatest arrival of its events and
    ``seq`` their greatest number. ``times`` holds the moments of an open case in the tree, in order, if closed cases
    are counted separately: then the case can close without its events being read back. ``profile`` is set if pairs
    are tracked.
    """

    __slots__ = (
        "closed",
        "last_at_us",
        "node",
        "overflow",
        "profile",
        "received_at_us",
        "seq",
        "started_at_us",
        "times",
    )

    def __init__(self, node: Node | None, at_us: int, received_at_us: int, seq: int) -> None:
        self.node = node
        self.overflow = NO_OVERFLOW
        self.started_at_us = at_us
        self.last_at_us = at_us
        self.received_at_us = received_at_us
        self.seq = seq
        self.closed = False
        self.times: array[int] | None = None
        self.profile: Profile | None = None

    @property
    def length(self) -> int:
        """Number of events."""
        return self.overflow.length if self.node is None else self.node.depth

    @property
    def activity(self) -> str:
        """The last activity."""
        return self.overflow.activity if self.node is None else self.node.activity

    @property
    def before(self) -> str:
        """The activity before the last one; "" if there is none."""
        if self.node is None:
            return self.overflow.before
        return self.node.parent.activity if self.node.parent is not None else ""

    def note(self, activity: str, at_us: int, received_at_us: int, seq: int) -> None:
        """Append an event to a case that is counted nowhere; its events come in the order of time."""
        self.overflow = Overflow(self.activity, activity, self.length + 1)
        self.last_at_us = at_us
        self.received_at_us = max(self.received_at_us, received_at_us)
        self.seq = max(self.seq, seq)

    @classmethod
    def uncounted(cls, steps: Steps, received_at_us: int, seq: int) -> "Case":
        """Return a case that is counted nowhere and has done ``steps``."""
        case = cls(None, steps[0][1], received_at_us, seq)
        for activity, at_us in steps:
            case.note(activity, at_us, received_at_us, seq)
        return case

    def summary(self) -> tuple[int, int, int, int, Overflow]:
        """Return a case that is counted nowhere as plain values."""
        return self.started_at_us, self.last_at_us, self.received_at_us, self.seq, self.overflow

    @classmethod
    def of_summary(
        cls, started_at_us: int, last_at_us: int, received_at_us: int, seq: int, overflow: Sequence[Any]
    ) -> "Case":
        """Return the case whose :meth:`summary` this is."""
        case = cls(None, started_at_us, received_at_us, seq)
        case.last_at_us, case.overflow = last_at_us, Overflow(*overflow)
        return case


def cases_to_state(
    cases: Mapping[str, Case], places: Mapping[Node, int], numbers: Mapping[str, int]
) -> dict[str, list[Any]]:
    """Return cases as columns, with nodes by their place in the tree and activities by number."""
    rows = cases.values()
    return {
        "name": list(cases),
        "node": [-1 if case.node is None else places[case.node] for case in rows],
        "beyond": [
            [numbers.get(case.before, -1), numbers[case.activity], case.length] for case in rows if case.node is None
        ],
        "started_at_us": [case.started_at_us for case in rows],
        "last_at_us": [case.last_at_us for case in rows],
        "received_at_us": [case.received_at_us for case in rows],
        "seq": [case.seq for case in rows],
        "closed": [int(case.closed) for case in rows],
        "profile": [case.profile.to_state(numbers) for case in rows if case.profile is not None],
    }


def cases_from_state(
    data: Mapping[str, Any], nodes: Sequence[Node], names: Sequence[str], *, track_pairs: bool
) -> dict[str, Case]:
    """Return the cases of :func:`cases_to_state`."""
    cases: dict[str, Case] = {}
    overflows = iter(data["beyond"])
    profiles = iter(data["profile"])
    for name, place, started_at_us, last_at_us, received_at_us, seq, closed in zip(
        *(data[column] for column in _COLUMNS), strict=True
    ):
        case = cases[name] = Case(None if place < 0 else nodes[place], started_at_us, received_at_us, seq)
        case.last_at_us = last_at_us
        case.closed = bool(closed)
        if track_pairs:
            case.profile = Profile.from_state(next(profiles), names)
        if case.node is None:
            before, last, length = next(overflows)
            case.overflow = Overflow("" if before < 0 else names[before], names[last], length)
    return cases
