"""Where the open cases of a log stand in the drawing of a model: painted anew far more often than the model derived."""

import time
from collections.abc import Iterable

from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.nets import Net
from models_mining.core.live_log import CaseSet, LiveLog
from models_mining.core.replay.positions import Positions, draw, replayed_net
from models_mining.store import event_reader

BUDGET_S = 0.020  # of one refresh; the next goes on where it ended
MANY = 10_000  # cases to remember by name; beyond, all are looked at
READ_BACK = 20  # cases beyond the prefix tree whose events one refresh reads


class CasePositions:
    """Draws open cases; what was worked out is kept as long as models have the same net."""

    def __init__(self, log: int) -> None:
        self._tail = event_reader.CaseHistoryReader(log)
        self._touched: set[str] | None = None  # None: all of them
        self._drawing: Drawing | None = None
        self._net: Net | None = None
        self._positions: Positions | None = None
        self.complete = True  # whether the newest drawing shows all open cases

    def note(self, touched: Iterable[str]) -> None:
        """These cases have had events."""
        if self._touched is not None:
            self._touched.update(touched)
            if len(self._touched) > MANY:  # nobody looks, and names must not pile up
                self._touched = None

    def draw(self, drawing: Drawing, live: LiveLog, cases: CaseSet) -> Drawing:
        """The drawing with the open cases as of now, or as many as the budget allows: see `complete`.

        Over closed cases there are none; and some algorithms count them themselves as of their derivation.
        """
        if cases == "closed" or counts_itself(drawing):
            self.complete = True
            return drawing
        positions = self._of(drawing)
        done = positions.advance(live, BUDGET_S, self._touched)
        self._touched = set()
        unread = positions.unread(live)
        for case in unread[:READ_BACK]:
            positions.replay_case(case, [step.activity for step in self._tail(case, None, live.seq + 1)])
        self.complete = done and len(unread) <= READ_BACK
        return draw(drawing, positions.tokens(live))

    def _of(self, drawing: Drawing) -> Positions:
        if self._positions is None or drawing is not self._drawing:
            net = replayed_net(drawing)
            if self._positions is None or net != self._net:
                self._net, self._touched = net, None
                self._positions = Positions(net, clock=time.monotonic)
            self._drawing = drawing
        return self._positions


def counts_itself(drawing: Drawing) -> bool:
    """Whether the algorithm has told where open cases are."""
    return any("open" in node for node in drawing["nodes"])
