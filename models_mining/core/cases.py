"""What is kept of each case: where it stands, and the moments that decide what comes next."""

from array import array
from typing import Literal

from models_mining.core.pairs import Profile
from models_mining.core.prefix_tree import Node

CaseSet = Literal["all", "closed"]
"""Which cases a model counts."""


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
        "length",
        "node",
        "profile",
        "received_at_us",
        "seq",
        "started_at_us",
        "times",
    )

    def __init__(self, node: Node | None, at_us: int, received_at_us: int, seq: int) -> None:
        self.node = node
        self.beyond = ("", "")  # the last two activities of a case beyond the tree
        self.length = 0
        self.started_at_us = at_us
        self.last_at_us = at_us
        self.received_at_us = received_at_us
        self.seq = seq
        self.closed = False
        self.times: array[int] | None = None
        self.profile: Profile | None = None

    @property
    def activity(self) -> str:
        """The last activity."""
        return self.beyond[1] if self.node is None else self.node.activity

    @property
    def before(self) -> str:
        """The activity before the last one; "" if there is none."""
        if self.node is None:
            return self.beyond[0]
        return self.node.parent.activity if self.node.parent is not None else ""
