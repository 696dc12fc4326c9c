"""Who looks over the shoulder of a live log: told of each event before and after it is learnt."""

from collections.abc import Sequence
from typing import Literal, Protocol

from models_mining.core.live_log.cases import Case
from models_mining.core.live_log.journal import Journal, Transition
from models_mining.core.live_log.live_log import LiveLog
from models_mining.core.live_log.logged_event import CaseHistory, LoggedEvent


class Turns(Journal):
    """A journal that keeps only what turned at the last event: cases that started, closed, reopened, or left."""

    __slots__ = ("left", "made")

    def __init__(self) -> None:
        super().__init__()
        self.made: list[Transition] = []
        self.left: list[tuple[str, Case]] = []

    def move(self, case: str, source: int | None, target: int, at_us: int) -> None:
        """Nobody asks."""

    def transition(self, kind: Literal["started", "closed", "reopened"], case: str, received_at_us: int) -> None:
        self.made.append(Transition(kind, case, received_at_us))

    def leave(self, name: str, case: Case) -> None:
        self.left.append((name, case))


class Observer(Protocol):
    """Learns from the way of a log what its counts do not tell. It never changes the log."""

    def before(self, log: LiveLog, event: LoggedEvent) -> None:
        """The log is about to learn ``event``."""
        ...

    def after(self, log: LiveLog, event: LoggedEvent, turns: Turns) -> None:
        """The log has learnt it; ``turns`` is what that turned, perhaps of other cases."""
        ...


def learn(
    log: LiveLog, event: LoggedEvent, tail: CaseHistory | None, observers: Sequence[Observer], turns: Turns
) -> None:
    """Let ``log`` learn an event before the eyes of ``observers``; ``turns`` has to be its journal."""
    for observer in observers:
        observer.before(log, event)
    log.learn_one(event, tail)
    for observer in observers:
        observer.after(log, event, turns)
    if turns.made or turns.left:
        turns.made.clear()
        turns.left.clear()
