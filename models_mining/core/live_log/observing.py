"""Observers of a live log: called before and after it learns each event."""

from collections.abc import Sequence
from typing import Literal, Protocol

from models_mining.core.live_log.cases import Case
from models_mining.core.live_log.journal import Journal, Transition
from models_mining.core.live_log.live_log import LiveLog
from models_mining.core.live_log.logged_event import CaseHistory, LoggedEvent


class Turns(Journal):
    """A journal of the last event only: the cases that it started, closed, reopened or evicted."""

    __slots__ = ("left", "made")

    def __init__(self) -> None:
        super().__init__()
        self.made: list[Transition] = []
        self.left: list[tuple[str, Case]] = []

    def move(self, case: str, source: int | None, target: int, at_us: int) -> None:
        """Do nothing: the event is known to the observer."""

    def transition(self, kind: Literal["started", "closed", "reopened"], case: str, received_at_us: int) -> None:
        self.made.append(Transition(kind, case, received_at_us))

    def leave(self, name: str, case: Case) -> None:
        self.left.append((name, case))


class Observer(Protocol):
    """Learns from the events of a log what its counts do not contain. It never changes the log."""

    def before(self, log: LiveLog, event: LoggedEvent) -> None:
        """Called when the log is about to learn ``event``."""
        ...

    def after(self, log: LiveLog, event: LoggedEvent, turns: Turns) -> None:
        """Called when the log has learnt it; ``turns`` holds what changed by that, perhaps of other cases."""
        ...


def learn_observed(
    log: LiveLog, event: LoggedEvent, history: CaseHistory | None, observers: Sequence[Observer], turns: Turns
) -> None:
    """Let ``log`` learn an event and ``observers`` observe that; ``turns`` must be the journal of the log."""
    for observer in observers:
        observer.before(log, event)
    log.learn_one(event, history)
    for observer in observers:
        observer.after(log, event, turns)
    if turns.made or turns.left:
        turns.made.clear()
        turns.left.clear()
