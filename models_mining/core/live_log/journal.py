"""The changes of a live log since they were last read, for those who follow it event by event."""

from typing import Literal, NamedTuple

from models_mining.core.live_log.cases import Case

NEWEST_MOVES = 200


class Move(NamedTuple):
    """An event of a case. ``source`` and ``target`` are activity numbers; ``source`` is None if the case began.

    The ``source`` of a late event is the activity directly before it in its case.
    """

    case: str
    source: int | None
    target: int
    at_us: int


class Transition(NamedTuple):
    """A case started, closed or reopened, when the log's clock of arrivals showed ``received_at_us``."""

    kind: Literal["started", "closed", "reopened"]
    case: str
    received_at_us: int


class Changes(NamedTuple):
    """The newest moves and how many before them were omitted; the cases with changes; transitions in order.

    ``left`` holds, in their last state, the cases with changes that may no longer be in the log's memory.
    """

    moves: list[Move]
    moves_omitted: int
    touched: set[str]
    transitions: list[Transition]
    left: dict[str, Case]


class Journal:
    """Collects changes until they are drained. A log without a journal (a rediscovery) spends nothing on them."""

    __slots__ = ("_left", "_moves", "_transitions")

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._moves: list[tuple[str, int | None, int, int]] = []
        self._transitions: list[Transition] = []
        self._left: dict[str, Case] = {}

    def move(self, case: str, source: int | None, target: int, at_us: int) -> None:
        """Note an event; its case has changed, too."""
        self._moves.append((case, source, target, at_us))

    def transition(self, kind: Literal["started", "closed", "reopened"], case: str, received_at_us: int) -> None:
        """Note that a case started, closed or reopened."""
        self._transitions.append(Transition(kind, case, received_at_us))

    def leave(self, name: str, case: Case) -> None:
        """Note the last state of a case that is out of the log's memory."""
        self._left[name] = case

    def drain(self) -> Changes:
        """Return everything noted since the last drain."""
        touched = {move[0] for move in self._moves}
        touched.update(transition.case for transition in self._transitions)
        touched.update(self._left)
        newest = [Move._make(move) for move in self._moves[-NEWEST_MOVES:]]
        changes = Changes(newest, len(self._moves) - len(newest), touched, self._transitions, self._left)
        self._clear()
        return changes
