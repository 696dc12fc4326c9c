"""The rules of a log over its events: one after the other, in the order of arrival."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rules.core.case_event import CaseEvent, Event, Facts, tell
from rules.core.expressions import OverrunError
from rules.core.log_watch import LogWatch
from rules.core.watches import MatchCandidate, State, Watch

KEPT_CASES = 20_000  # in memory; others are read back when they return
LONGEST = 5_000  # events of a case that is told anew for a late one; in longer cases it counts as the newest

History = Callable[[str, int], Iterable[Event]]
"""The events of a case with a number up to the given one, ordered by (``at``, ``seq``)."""


@dataclass(slots=True)
class Case:
    """What is in memory of a case."""

    facts: Facts = field(default_factory=Facts)
    states: dict[int, State] = field(default_factory=dict)  # by rule


class Run:
    """Rules at work. What changed since it was last `cleared` is in ``hits``, ``changed`` and ``overruns``."""

    def __init__(self, watches: Mapping[int, Watch], whole: Mapping[int, LogWatch], history: History) -> None:
        self.watches, self.whole, self.history = dict(watches), dict(whole), history
        self.cases: OrderedDict[str, Case] = OrderedDict()
        self.log_states: dict[int, State | None] = {}
        self.newest: Event | None = None  # of the log
        self.hits: list[tuple[int, MatchCandidate]] = []
        self.changed: dict[tuple[int, str], tuple[int, State | None]] = {}  # (rule, case) → seq, its new state
        self.overruns: dict[int, str] = {}  # rules that are not evaluated any more, and why

    def cleared(self) -> None:
        """All of it is saved."""
        self.hits, self.changed, self.overruns = [], {}, {}
        while len(self.cases) > KEPT_CASES:
            self.cases.popitem(last=False)

    def missing(self, events: Iterable[Event]) -> dict[str, int]:
        """The cases of these events that are not in memory, each with its first number among them."""
        firsts: dict[str, int] = {}
        for event in events:
            if event.case not in self.cases:
                firsts.setdefault(event.case, event.seq)
        return firsts

    def learn(self, event: Event) -> None:
        """The next event. Its case must be in memory unless it is new."""
        self.newest = event
        case = self.cases.get(event.case)
        if case is None:
            case = self.cases[event.case] = Case()
        self.cases.move_to_end(event.case)
        if case.facts.late(event) and case.facts.length < LONGEST:
            self._learn_late(case, event)
        else:
            seen = case.facts.add(event)
            for watch in list(self.watches.values()):
                self._step(watch, case, seen)
        for rule, counter in self.whole.items():
            if counter.counts and event.seq > counter.from_seq:
                state = self.log_states.get(rule)
                self.log_states[rule] = counter.count(state, event.received_at)
                self.changed[rule, ""] = event.seq, self.log_states[rule]

    def _learn_late(self, case: Case, event: Event) -> None:
        """An event that happened before the newest of its case: the case is told anew, in order."""
        before = case.facts
        case.facts, story = tell(self.history(event.case, event.seq))
        place = next(number for number, seen in enumerate(story) if seen.event.seq == event.seq)
        for watch in list(self.watches.values()):
            if not watch.ordered:
                self._step(watch, case, _as_it_came(story, place, before, case.facts))
                continue
            case.states.pop(watch.rule, None)
            self.changed[watch.rule, event.case] = event.seq, None
            for seen in story:
                self._step(watch, case, seen, upto=event.seq)

    def _step(self, watch: Watch, case: Case, seen: CaseEvent, upto: int = 0) -> None:
        if seen.event.seq <= watch.from_seq:
            return
        before = case.states.get(watch.rule)
        try:
            after, hits = watch.step(before, seen)
        except OverrunError as error:
            self.overruns[watch.rule] = f"It is too costly: an evaluation {error}"
            self.watches.pop(watch.rule, None)
            return
        if hits or after is not before:
            self._found(watch, case, seen.event.case, max(upto, seen.event.seq), after, hits)

    def _found(
        self, watch: Watch, case: Case, name: str, seq: int, after: State | None, hits: list[MatchCandidate]
    ) -> None:
        if watch.stateful and after != case.states.get(watch.rule):
            self.changed[watch.rule, name] = seq, after
            if after is None:
                case.states.pop(watch.rule, None)
            else:
                case.states[watch.rule] = after
        self.hits.extend((watch.rule, hit) for hit in hits)

    def expire(self, rule: int, name: str, now: datetime) -> None:
        """A timer of a case, which is in memory, has run out."""
        watch, case = self.watches.get(rule), self.cases.get(name)
        state = case.states.get(rule) if case is not None else None
        if watch is not None and case is not None and state is not None:
            after, hits = watch.expire(state, now)
            self._found(watch, case, name, state["seq"], after, hits)

    def look(self, now: datetime, refused: Callable[[datetime], int]) -> None:
        """How the log as a whole is now, all its events being known."""
        for rule, watch in self.whole.items():
            before = self.log_states.get(rule)
            after, hits = watch.look(before, now, self.newest, refused)
            if after != before:
                self.log_states[rule] = after
                self.changed[rule, ""] = (self.newest.seq if self.newest is not None else 0), after
            self.hits.extend((rule, hit) for hit in hits)


def _as_it_came(story: list[CaseEvent], place: int, before: Facts, now: Facts) -> CaseEvent:
    """A late event with its neighbours in order, in a case of which all is known that has come."""
    seen = story[place]
    newest, started_at = now.newest, now.started_at
    if newest is None or started_at is None or before.newest is None or before.started_at is None:
        raise RuntimeError("a late event is not the first of its case")
    return CaseEvent(
        event=seen.event,
        length=now.length,
        started_at=started_at,
        duration=newest.at - started_at,
        lasted=before.newest.at - before.started_at,
        counts=now.counts,
        previous=seen.previous,
        ways=(*seen.ways, *(later.ways[1] for later in story[place + 1 :])),
        known_at=seen.event.received_at,
        following=story[place + 1].event if place + 1 < len(story) else None,
    )
