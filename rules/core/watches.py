"""What rules do with the events of a case: one class a kind, each a fold over the events with a small state.

A state is JSON, or None where there is nothing to remember. ``ordered`` kinds depend on the order of events: when one
comes late they are told the whole case anew, in order, and what they find then counts where it was not told before.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from foundation.moments import duration, microseconds, moment
from rules.core.case_event import CaseEvent, Event
from rules.core.expressions import Expression
from rules.core.specs import CaseSpec, EventSpec, SequenceSpec, TimeoutSpec

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class MatchCandidate:
    """A rule found what it watches for. ``seq`` names the event it is about, ``known_at`` is when it could be known."""

    case: str
    seq: int
    activity: str
    at: datetime | None
    reason: str
    known_at: datetime
    context: dict[str, Any] = field(default_factory=dict)


Found = tuple[State | None, list[MatchCandidate]]


class Watch:
    """A rule at work on cases."""

    ordered: ClassVar[bool] = False
    stateful = False

    def __init__(self, rule: int, from_seq: int) -> None:
        self.rule, self.from_seq = rule, from_seq

    def step(self, state: State | None, seen: CaseEvent) -> Found:
        """The state after an event, and what was found."""
        return state, []

    def due(self, state: State | None) -> datetime | None:
        """When to look again should nothing come, by arrival; None: never."""
        return None

    def expire(self, state: State, now: datetime) -> Found:
        """That moment has come."""
        return state, []

    @property
    def error(self) -> str:
        """What could not be computed the last time something could not; empty: nothing."""
        return ""


def about(event: Event, reason: str, known_at: datetime, **context: Any) -> MatchCandidate:
    return MatchCandidate(
        event.case, event.seq, event.activity, event.at, reason, known_at, {"event": event.told(), **context}
    )


class EventWatch(Watch):
    """``when`` is true of an event."""

    def __init__(self, rule: int, from_seq: int, spec: EventSpec) -> None:
        super().__init__(rule, from_seq)
        self.when = Expression(spec.when)

    def step(self, state: State | None, seen: CaseEvent) -> Found:
        if not self.when.holds(seen):
            return None, []
        reason = f"“{seen.event.activity}” in {seen.event.case}: {self.when.source.strip()[:300]}."
        return None, [about(seen.event, reason, seen.known_at)]

    @property
    def error(self) -> str:
        return self.when.error


class SequenceWatch(Watch):
    """Steps in one case, one after the other; what lies between does not matter, unless it is to be absent.

    Of the ways to have come to a step the one that came there last is kept: whatever goes on from an earlier one goes
    on from that. So an event costs as many conditions as there are steps. A match uses its events up: the next one
    begins after it. The end of a case ends what has begun.
    """

    ordered = stateful = True

    def __init__(self, rule: int, from_seq: int, spec: SequenceSpec, ends: frozenset[str]) -> None:
        super().__init__(rule, from_seq)
        self.steps: list[tuple[Expression, timedelta | None]] = []
        self.absent: list[list[Expression]] = []  # after each step
        self.ends = ends
        for step in spec.whole:
            if step.absent:
                self.absent[-1].append(Expression(step.when))
            else:
                within = None if step.within_s is None else timedelta(seconds=step.within_s)
                self.steps.append((Expression(step.when), within))
                self.absent.append([])

    def step(self, state: State | None, seen: CaseEvent) -> Found:
        event = seen.event
        come: list[list[Any] | None] = state["come"] if state else [None] * (len(self.steps) - 1)
        after = list(come)
        for number in range(len(self.steps) - 1, 0, -1):
            when, within = self.steps[number]
            way = come[number - 1]
            if way is None:
                continue
            if within is not None and event.at - moment(way[-1][0]) > within:
                after[number - 1] = None
            elif when.holds(seen):
                whole = [*way, [microseconds(event.at), event.seq, event.activity]]
                if number == len(self.steps) - 1:
                    return None, [self._hit(seen, whole)]
                after[number] = whole
        for number, unwanted in enumerate(self.absent[:-1]):
            waits = come[number] is not None and after[number] is come[number]
            if waits and any(one.holds(seen) for one in unwanted):
                after[number] = None
        if self.steps[0][0].holds(seen):
            after[0] = [[microseconds(event.at), event.seq, event.activity]]
        if event.activity in self.ends or not any(after):
            return None, []
        return {"come": after}, []

    def _hit(self, seen: CaseEvent, way: list[Any]) -> MatchCandidate:
        took = seen.event.at - moment(way[0][0])
        steps = [{"seq": seq, "activity": activity, "at": moment(at).isoformat()} for at, seq, activity in way]
        names = ", ".join(f"“{step['activity']}”" for step in steps)
        reason = f"{seen.event.case} did {names} within {duration(took.total_seconds())}."
        return about(seen.event, reason, seen.known_at, steps=steps)

    @property
    def error(self) -> str:
        parts = [when for when, _ in self.steps] + [one for some in self.absent for one in some]
        return next((part.error for part in parts if part.error), "")


class TimeoutWatch(Watch):
    """The first unanswered ``after`` starts a clock, ``until`` stops it.

    Time is up when an event of the case happened later than allowed, or nothing that stops the clock has arrived for
    so long since ``after`` arrived, whichever is known first.
    """

    ordered = stateful = True

    def __init__(self, rule: int, from_seq: int, spec: TimeoutSpec) -> None:
        super().__init__(rule, from_seq)
        self.after, self.until = Expression(spec.after), Expression(spec.until)
        self.within = timedelta(seconds=spec.within_s)

    def step(self, state: State | None, seen: CaseEvent) -> Found:
        event = seen.event
        hits = []
        if state is not None:
            waited = event.at - moment(state["at"])
            if waited > self.within:
                hits.append(self._hit(event.case, state, seen.known_at, waited, event))
                state = None
            elif self.until.holds(seen):
                state = None
        if state is None and self.after.holds(seen):
            state = {
                "seq": event.seq,
                "activity": event.activity,
                "case": event.case,
                "at": microseconds(event.at),
                "received": microseconds(event.received_at),
            }
        return state, hits

    def due(self, state: State | None) -> datetime | None:
        return None if state is None else moment(state["received"]) + self.within

    def expire(self, state: State, now: datetime) -> Found:
        due = moment(state["received"]) + self.within
        if due > now:
            return state, []
        return None, [self._hit(state["case"], state, due, self.within, None)]

    def _hit(
        self, case: str, state: State, known_at: datetime, waited: timedelta, event: Event | None
    ) -> MatchCandidate:
        said = duration(waited.total_seconds())
        if event is not None and waited > self.within:
            reason = f"{case}: {said} after “{state['activity']}” came “{event.activity}”; it took too long."
        else:
            reason = f"{case} waits: {said} after “{state['activity']}” nothing of what is expected has come."
        at = moment(state["at"])
        about = {"seq": state["seq"], "activity": state["activity"], "at": at.isoformat()}
        context = {"event": about, "waited": said, "waited_s": waited.total_seconds()}
        if event is not None:
            context["came"] = event.told()
        return MatchCandidate(case, state["seq"], state["activity"], at, reason, known_at, context)

    @property
    def error(self) -> str:
        return self.after.error or self.until.error


class CaseWatch(Watch):
    """A case passes a bound: with an event, or, where the log knows how cases end, by the clock."""

    stateful = True

    def __init__(self, rule: int, from_seq: int, spec: CaseSpec, ends: frozenset[str]) -> None:
        super().__init__(rule, from_seq)
        self.spec, self.ends = spec, ends
        self.lasts = None if spec.duration_s is None else timedelta(seconds=spec.duration_s)

    def step(self, state: State | None, seen: CaseEvent) -> Found:
        event, spec = seen.event, self.spec
        reasons = []
        if spec.length is not None and seen.length == spec.length + 1:
            reasons.append(f"has {seen.length} events")
        times = seen.counts[event.activity] if spec.activity in (None, event.activity) else 0
        if spec.repetitions is not None and times == spec.repetitions + 1:
            reasons.append(f"did “{event.activity}” {times} times")
        if self.lasts is not None:
            told = state is not None and "told" in state
            if seen.lasted <= self.lasts < seen.duration and not told:
                reasons.append(f"lasts {duration(seen.duration.total_seconds())}")
                told = True
            state = self._remembered(state, seen, told=told)
        if not reasons:
            return state, []
        return state, [about(event, f"{event.case} {' and '.join(reasons)}.", seen.known_at)]

    def _remembered(self, state: State | None, seen: CaseEvent, *, told: bool) -> State | None:
        """Until the case ends, when it is too long, or that it was told."""
        if self.lasts is None or not self.ends or seen.event.activity in self.ends:
            return None
        if told:
            return {"told": True}
        if state is not None or seen.duration > self.lasts:
            return state
        event = seen.event
        return {
            "seq": event.seq,
            "activity": event.activity,
            "case": event.case,
            "at": microseconds(event.at),
            "due": microseconds(event.received_at + self.lasts - seen.duration),
        }

    def due(self, state: State | None) -> datetime | None:
        return moment(state["due"]) if state is not None and "due" in state else None

    def expire(self, state: State, now: datetime) -> Found:
        due = self.due(state)
        if due is None or due > now or self.lasts is None:
            return state, []
        at = moment(state["at"])
        reason = f"{state['case']} lasts longer than {duration(self.lasts.total_seconds())} and has not ended."
        context = {"event": {"seq": state["seq"], "activity": state["activity"], "at": at.isoformat()}}
        hit = MatchCandidate(state["case"], state["seq"], state["activity"], at, reason, due, context)
        return {"told": True}, [hit]
