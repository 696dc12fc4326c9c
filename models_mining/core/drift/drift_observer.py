"""What a detector of changes is told of a live log, in the order of arrival."""

from models_mining.core.drift.detector import Change, DriftDetector
from models_mining.core.drift.windows import Mark
from models_mining.core.live_log import LiveLog, LoggedEvent, Turns
from models_mining.core.prediction.next_step import END


class DriftObserver:
    """Tells ``detector`` of steps and closed cases; ``found`` collects the changes.

    A late event is no step: when it arrived, its case stood elsewhere. What a case that reopens did before, stays told.
    """

    def __init__(self, detector: DriftDetector) -> None:
        self.detector = detector
        self.found: list[Change] = []
        self._source: str | None = None  # where the event's case stands; None: nobody knows, or the event is late

    def before(self, log: LiveLog, event: LoggedEvent) -> None:
        """Where does its case stand?"""
        case = log.cases.get(event.case)
        self._source = case.activity if case is not None and event.at_us >= case.last_at_us else None

    def after(self, log: LiveLog, event: LoggedEvent, turns: Turns) -> None:
        """Tell of the step, and of cases that closed."""
        detector, source = self.detector, self._source
        for kind, name, _ in turns.made:
            if kind == "started" and name == event.case:
                source = ""
        if source is not None:
            detector.step(source, event.activity)
        for kind, name, _ in turns.made:
            if kind == "closed" and (case := log.cases.get(name)) is not None:
                detector.step(case.activity, END)
                detector.closed(case.last_at_us - case.started_at_us, event.at_us)
        change = detector.due(Mark(event.seq, event.at_us, event.received_at_us))
        if change is not None:
            self.found.append(change)
