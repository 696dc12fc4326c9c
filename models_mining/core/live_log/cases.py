"""What is kept of each case: where it stands, and the moments that decide what comes next."""

from array import array
from typing import Literal, NamedTuple

from models_mining.core.counting.pairs import Profile
from models_mining.core.counting.prefix_tree import Node

CaseSet = Literal["all", "closed"]
"""Which cases a model counts."""


class Beyond(NamedTuple):
    """What is known of a case that the tree does not hold: its last two activities, and how many events it has."""

    before: str = ""
    activity: str = ""
    length: int = 0


NOWHERE = Beyond()


class Case:
    """One case. ``node`` is where it stands in the tree; None: it is beyond the tree's budget.

    ``last_at_us`` and ``started_at_us`` are event time, ``received_at_us`` the greatest arrival of its events and
    ``seq`` their greatest number. ``times`` holds the moments of an open case in the tree, in order, where closed
    cases are counted on their own: then a case can close without reading its events back. ``profile`` is kept where
    pairs are tracked.
    """

    __slots__ = (
        "beyond",
        "closed",
        "last_at_us",
        "node",
        "profile",
        "received_at_us",
        "seq",
        "started_at_us",
        "times",
    )

    def __init__(self, node: Node | None, at_us: int, received_at_us: int, seq: int) -> None:
        self.node = node
        self.beyond = NOWHERE
        self.started_at_us = at_us
        self.last_at_us = at_us
        self.received_at_us = received_at_us
        self.seq = seq
        self.closed = False
        self.times: array[int] | None = None
        self.profile: Profile | None = None

    @property
    def length(self) -> int:
        """How many events it has."""
        return self.beyond.length if self.node is None else self.node.depth

    @property
    def activity(self) -> str:
        """The last activity."""
        return self.beyond.activity if self.node is None else self.node.activity

    @property
    def before(self) -> str:
        """The activity before the last one; "" if there is none."""
        if self.node is None:
            return self.beyond.before
        return self.node.parent.activity if self.node.parent is not None else ""
