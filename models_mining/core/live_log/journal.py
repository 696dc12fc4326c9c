"""What happened since one last looked: for those who follow a live log event by event."""

from typing import Literal, NamedTuple

from models_mining.core.live_log.cases import Case

NEWEST_MOVES = 200


class Move(NamedTuple):
    """A case came to an activity. ``source`` and ``target`` are activity numbers; None: the case began.

    A late event's ``source`` is the activity directly before it in its case.
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
    """The newest moves and how many before them were left out; cases with news; transitions in order.

    ``left`` holds, as they were last, the cases with news that may not be in the log's memory any more.
    """

    moves: list[Move]
    moves_omitted: int
    touched: set[str]
    transitions: list[Transition]
    left: dict[str, Case]


class Journal:
    """Collects changes until they are drained. A log without one (a rediscovery) spends nothing on them."""

    __slots__ = ("_left", "_moves", "_transitions")

    def __init__(self) -> None:
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._moves: list[tuple[str, int | None, int, int]] = []
        self._transitions: list[Transition] = []
        self._left: dict[str, Case] = {}

    def move(self, case: str, source: int | None, target: int, at_us: int) -> None:
        """Note an event: its case has news, too."""
        self._moves.append((case, source, target, at_us))

    def transition(self, kind: Literal["started", "closed", "reopened"], case: str, received_at_us: int) -> None:
        """Note that a case started, closed or reopened."""
        self._transitions.append(Transition(kind, case, received_at_us))

    def leave(self, name: str, case: Case) -> None:
        """Note that a case is out of the log's memory: how it stood then."""
        self._left[name] = case

    def drain(self) -> Changes:
        """Everything noted since the last drain."""
        touched = {move[0] for move in self._moves}
        touched.update(transition.case for transition in self._transitions)
        touched.update(self._left)
        newest = [Move._make(move) for move in self._moves[-NEWEST_MOVES:]]
        changes = Changes(newest, len(self._moves) - len(newest), touched, self._transitions, self._left)
        self._start_afresh()
        return changes
