"""Predictions for the open cases of a live log, learnt from it and scored as it goes on."""

from array import array
from collections.abc import Mapping
from typing import Any, NamedTuple

from models_mining.core.live_log import Case, CaseHistory, HistoryError, LiveLog, LoggedEvent, Turns
from models_mining.core.prediction.next_step import END, Next, most_frequent, next_activity
from models_mining.core.prediction.remaining import Remaining, RemainingTimes, Step
from models_mining.core.prediction.scores import NextTest, Scores, TimeTest

EVERY = 8  # one of so many events makes a prediction that is scored: a sample is enough, and costs less
MAX_WAITING = 50  # estimates of one case that wait for its end
MAX_LENGTH = 500  # events of a case that is learnt


class _Guess(NamedTuple):
    """A prediction of what comes next that waits for it."""

    told: Next
    baseline: str | None


class _Estimate(NamedTuple):
    """An estimate of the remaining time, made at ``at_us``, that waits for the end."""

    at_us: int
    told: Remaining
    baseline_us: float


class Forecaster:
    """Observes a live log, and predicts how its open cases go on.

    What comes next is told by the log's own counts. How long it takes is learnt when a case closes: from its events,
    which the log's ``tail`` reads where they are not in memory. A case that reopens, or is told something late after
    its end, is taken out and learnt again; so what is known at any time is that of the closed cases in the log, but
    for those of more than :data:`MAX_LENGTH` events. A late event is learnt, not scored, and what was predicted for
    its case goes unscored too.

    It has to observe the log from its first event on, or from where its state was saved.
    """

    def __init__(self, tail: CaseHistory | None = None) -> None:
        self.tail = tail
        self.times = RemainingTimes()
        self.next_scores = Scores(len(NextTest._fields))
        self.time_scores = Scores(len(TimeTest._fields))
        self._way: dict[str, array[int]] = {}  # moments of open cases watched from their beginning, none of them late
        self._guesses: dict[str, _Guess] = {}
        self._estimates: dict[str, list[_Estimate]] = {}
        self._in_order = self._is_new = False

    # --- Predicting -----------------------------------------------------------------------

    def remaining(self, case: Case, now_us: int) -> Remaining | None:
        """How long an open case still takes, if by now (event time) nothing more has come; None: nobody knows."""
        path = case.node.path() if case.node is not None else [name for name in (case.before, case.activity) if name]
        return self.times.after(path, max(0, now_us - case.last_at_us))

    # --- Observing ------------------------------------------------------------------------

    def before(self, log: LiveLog, event: LoggedEvent) -> None:
        """Score what was predicted; what its case taught as a closed one is no longer so."""
        name = event.case
        case = log.cases.get(name)
        self._in_order = case is None or event.at_us >= case.last_at_us
        guess = self._guesses.pop(name, None)
        if not self._in_order:
            self._estimates.pop(name, None)
            self._way.pop(name, None)
        elif guess is not None:
            self._score(guess, event.activity)
        if case is not None and case.closed:
            self._unlearn(name, case.length, event.seq)
        self._is_new = case is None

    def after(self, log: LiveLog, event: LoggedEvent, turns: Turns) -> None:
        """Learn the cases that closed; perhaps predict how this one goes on."""
        name = event.case
        if turns.made or turns.left:
            self._turn(log, event, turns)
        case = log.cases.get(name)
        if case is None:
            return
        if self._is_new and case.length > 1 and not log.is_bounded:
            self._unlearn(name, case.length - 1, event.seq)  # it had closed and was forgotten
        if case.closed:
            self._learn(name, case, event.seq)
            return
        way = self._way.get(name)
        if way is not None:
            if case.node is None:
                del self._way[name]
            else:
                way.append(event.at_us)
        if event.seq % EVERY == 0 and self._in_order:
            self._predict(log, name, case)

    def _turn(self, log: LiveLog, event: LoggedEvent, turns: Turns) -> None:
        for kind, name, _ in turns.made:
            if kind == "started" and name == event.case:
                self._way[name] = array("q")
            elif kind == "closed" and (case := log.cases.get(name)) is not None and name != event.case:
                if (guess := self._guesses.pop(name, None)) is not None:
                    self._score(guess, END)
                self._learn(name, case, event.seq)
        only_now = {name for kind, name, _ in turns.made if kind == "closed"}
        for name, case in turns.left:
            if case.closed and name != event.case and name not in only_now:
                self._unlearn(name, case.length, event.seq)
            for kept in (self._way, self._guesses, self._estimates):
                kept.pop(name, None)

    def _unlearn(self, name: str, length: int, before_seq: int) -> None:
        if length <= MAX_LENGTH:
            self.times.learn(self._read(name, before_seq), -1)

    def _learn(self, name: str, case: Case, seq: int) -> None:
        """A case has closed: its estimates are scored, then it is learnt."""
        waiting = self._estimates.pop(name, [])
        way = self._way.pop(name, None)
        for at_us, told, baseline_us in waiting:
            self._score_time(case.last_at_us - at_us, told, baseline_us)
        if case.length > MAX_LENGTH:
            return
        if way is not None and len(way) == case.length - 1:
            way.append(case.last_at_us)  # of the event that closed it
        if way is not None and len(way) == case.length and case.node is not None:
            self.times.learn(list(zip(case.node.path(), way, strict=True)))
        else:
            self.times.learn(self._read(name, seq + 1))

    def _read(self, name: str, before_seq: int) -> list[Step]:
        if self.tail is None:
            raise HistoryError(f"the events of case {name!r} are needed, and there is no way to read them")
        return [(activity, at_us) for activity, at_us in self.tail(name, None, before_seq)]

    # --- Scoring --------------------------------------------------------------------------

    def _predict(self, log: LiveLog, name: str, case: Case) -> None:
        told = next_activity(log, case)
        if told.known:
            after = {after: edge.count for after, edge in log.all.after.get(case.activity, {}).items()}
            ended = log.closed_at(case.activity)
            self._guesses[name] = _Guess(told, most_frequent(after, ended))
        remaining, baseline_us = self.remaining(case, case.last_at_us), self.times.mean_us(case.activity)
        if remaining is not None and baseline_us is not None:
            waiting = self._estimates.setdefault(name, [])
            if len(waiting) < MAX_WAITING:
                waiting.append(_Estimate(case.last_at_us, remaining, baseline_us))

    def _score(self, guess: _Guess, came: str) -> None:
        told = guess.told
        squares = sum(p * p for p in told.known.values()) + told.unheard_of**2
        p = told.known.get(came, told.unheard_of)
        hit, baseline_hit = int(told.likeliest == came), int(guess.baseline == came)
        self.next_scores.add(NextTest(hit, baseline_hit, squares - 2 * p + 1))

    def _score_time(self, took_us: int, told: Remaining, baseline_us: float) -> None:
        slack_us = took_us / 32  # what the values of a sketch may be off by
        held = told.low_us - slack_us <= took_us <= told.high_us + slack_us
        errors = abs(took_us - told.median_us) / 10**6, abs(took_us - baseline_us) / 10**6
        self.time_scores.add(TimeTest(*errors, int(held)))

    # --- Saving and restoring ---------------------------------------------------------------

    def to_state(self) -> dict[str, Any]:
        """What was learnt and scored, as plain lists, numbers and strings; not the predictions that wait."""
        return {
            "times": self.times.to_state(),
            "next_scores": self.next_scores.to_state(),
            "time_scores": self.time_scores.to_state(),
        }

    @classmethod
    def from_state(cls, data: Mapping[str, Any], tail: CaseHistory | None = None) -> "Forecaster":
        """A forecaster that knows what the one knew that a state was taken of."""
        made = cls(tail)
        made.times = RemainingTimes.from_state(data["times"])
        made.next_scores = Scores.from_state(data["next_scores"])
        made.time_scores = Scores.from_state(data["time_scores"])
        return made
