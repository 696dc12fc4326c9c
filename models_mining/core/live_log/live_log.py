"""The in-memory state of a log from which live models are derived."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from operator import itemgetter
from typing import Any

from models_mining.core.counting.abstraction import Abstraction, Edge
from models_mining.core.counting.edge import FRESH
from models_mining.core.counting.lossy import LossySteps
from models_mining.core.counting.pairs import Pair, Steps
from models_mining.core.counting.prefix_tree import MAX_DEPTH, MAX_NODES, Node, PrefixTree
from models_mining.core.live_log import state
from models_mining.core.live_log.archive import ClosedCaseArchive
from models_mining.core.live_log.cases import Case, CaseSet, cases_from_state, cases_to_state
from models_mining.core.live_log.counts import LogCounts
from models_mining.core.live_log.history import all_steps, evicted_steps, steps_since
from models_mining.core.live_log.idle import NEVER_US, IdleQueue
from models_mining.core.live_log.journal import Journal
from models_mining.core.live_log.logged_event import CaseHistory, HistoryError, LoggedEvent, Reader, Row
from models_mining.core.live_log.memory import MemoryPolicy

_at_us = itemgetter(1)


class LiveLog:
    """The counts of a log that live models are derived from, exact after each event.

    An event in order takes constant time; a late one takes as long as its case has events after it. The content is a
    function of the set of events learnt: late events and cases that closed too early leave no trace. There are two
    exceptions: activities are numbered in the order of learning, and nodes of the tree are assigned first come, first
    served once they run out.

    A case is closed if its last activity by (at, seq) is one of ``end_activities``, or if the greatest arrival of
    the log is ``idle_close_us`` or more after the greatest of the case; otherwise it is open. ``all`` counts every
    case, ``closed`` the closed ones only (None unless ``track_closed``).

    With ``track_pairs`` it also counts the activities that come at any time after others, at the cost of a step per
    activity of the case.

    With ``memory_cases`` or ``memory_us`` it counts only the cases with the newest activity: at most so many, and
    none whose last arrival is so far or further behind the greatest. A case leaves as if it had never existed, and
    comes back as a whole with its next event. Then the history must be a :class:`Reader`.

    ``activities`` get the first numbers: a rediscovery, which does not learn in the order of arrival, retains the
    numbers of the epoch by this. A ``journal`` set on the log notes every change.

    >>> log = LiveLog()
    >>> for n, activity in enumerate(("register", "check", "check", "pay"), start=1):
    ...     event = LoggedEvent(seq=n, case="c1", activity=activity, at_us=n * 10**6, received_at_us=n * 10**6)
    ...     log.learn_one(event)
    >>> log.directly_follows["check", "check"].count
    1
    """

    def __init__(
        self,
        *,
        end_activities: Iterable[str] = (),
        idle_close_us: int | None = None,
        track_closed: bool = False,
        track_pairs: bool = False,
        memory_cases: int | None = None,
        memory_us: int | None = None,
        activities: Iterable[str] = (),
        max_nodes: int = MAX_NODES,
        max_depth: int = MAX_DEPTH,
    ) -> None:
        self.end_activities = frozenset(end_activities)
        self.idle_close_us = idle_close_us
        self.track_pairs = track_pairs
        self.is_bounded = memory_cases is not None or memory_us is not None
        self.numbers = {name: number for number, name in enumerate(dict.fromkeys(activities))}
        self.cases: dict[str, Case] = {}  # the open ones, and closed ones that were not archived
        self.seq = 0  # greatest number learnt
        self.newest_received_us = -NEVER_US
        self.journal: Journal | None = None
        self._counts = LogCounts(max_nodes, max_depth, track_closed=track_closed, track_pairs=track_pairs)
        self.all = self._counts.all
        self.closed = self._counts.closed
        self.tree: PrefixTree = self._counts.tree
        self._archive = ClosedCaseArchive()
        self._idle = IdleQueue(idle_close_us)
        self._memory = MemoryPolicy(memory_cases, memory_us)
        self._lossy: dict[float, LossySteps] = {}  # by ε
        self._has_clock = idle_close_us is not None or self.is_bounded
        self._due_us = NEVER_US  # no case closes or leaves by the clock alone before it shows this

    # --- Reading -------------------------------------------------------------------------

    @property
    def directly_follows(self) -> dict[Pair, Edge]:
        """Pairs of all cases."""
        return self.all.directly_follows

    @property
    def starts(self) -> dict[str, int]:
        """Cases by first activity."""
        return self.all.starts

    @property
    def ends(self) -> dict[str, int]:
        """Cases by last activity, including open cases."""
        return self.all.ends

    @property
    def overflow_cases(self) -> int:
        """Number of cases that the tree has no room for; variants are incomplete by these."""
        return self._counts.overflow_cases

    @property
    def open_cases(self) -> int:
        """Number of open cases."""
        return self.all.cases - sum(self._counts.closed_at.values())

    def open_at(self, activity: str) -> int:
        """Return how many open cases have ``activity`` as their last one."""
        return self.all.ended(activity) - self.closed_at(activity)

    def closed_at(self, activity: str) -> int:
        """Return how many closed cases have ``activity`` as their last one."""
        return self._counts.closed_at.get(activity, 0)

    def counts(self, cases: CaseSet = "all") -> Abstraction:
        """Return the counts over all or over closed cases. Raises LookupError if closed ones are not tracked."""
        if cases == "all":
            return self.all
        if self.closed is None:
            raise LookupError("this log does not count closed cases on their own (track_closed)")
        return self.closed

    def is_closed(self, activity: str, received_at_us: int) -> bool:
        """Whether a case is closed whose last activity is ``activity`` and whose last arrival is ``received_at_us``."""
        return activity in self.end_activities or self._idle.is_idle(received_at_us, self.newest_received_us)

    @property
    def scope(self) -> str:
        """The cases that the memory policy retains, in words."""
        return str(self._memory)

    @property
    def archived(self) -> int:
        """Number of closed cases that are counted but not in ``cases``."""
        return self._archive.size

    @property
    def evicted(self) -> int:
        """Number of cases that the memory policy leaves out; they are not counted."""
        return self._memory.evicted

    # --- Learning ------------------------------------------------------------------------

    def learn_one(self, event: Row, history: CaseHistory | None = None) -> None:
        """Learn the next event of the log; events come in the order of ``seq``.

        ``history`` reads the events of a case back. It is called for a late event; for a case not in memory once
        some were archived or evicted; and with ``track_closed`` when a case reopens, or closes without its times in
        memory (it has outgrown the tree, or was open when a state was saved). Raises HistoryError if ``history`` is
        missing or its answer is wrong; then, as when ``history`` itself fails, the event has not been counted and may
        be learnt again.
        """
        self.learn_many((event,), history)

    def learn_many(self, events: Iterable[Row], history: CaseHistory | None = None) -> None:  # noqa: C901  inlined
        """Learn events one after another, see :meth:`learn_one`; at an error those before it have been learnt.

        An open case that takes a usual step is counted here, inlined from :class:`LogCounts`: a call would cost more
        than the step. All other events go to the methods below.
        """
        cases, end_activities, track_closed = self.cases, self.end_activities, self.closed is not None
        beginnings, starts, closed_at = self.tree.root.children, self.all.starts, self._counts.closed_at
        more = track_closed or self.track_pairs or self.journal is not None or bool(self._lossy)
        newest_us = self.newest_received_us
        for event in events:
            seq, name, activity, at_us, received_at_us = event
            case = cases.get(name)
            if received_at_us > newest_us:
                if received_at_us >= self._due_us:
                    if case is not None:  # it is not silent: this is its event
                        case.received_at_us = received_at_us
                    self._follow_clock(history, received_at_us, seq)
                self.newest_received_us = newest_us = received_at_us
            if case is None:
                child = beginnings.get(activity)
                if child is None or more or self._archive.size or self._has_clock or activity in end_activities:
                    self._learn_first(event, history)
                    continue
                child.passes += 1
                starts[activity] += 1
                cases[name] = Case(child, at_us, received_at_us, seq)
                self.seq = seq
                continue
            if (
                case.closed
                or at_us < case.last_at_us
                or (node := case.node) is None
                or ((ends := activity in end_activities) and track_closed)
                or (child := node.children.get(activity) or self._grow(node, activity)) is None
            ):
                self._learn_unusual(event, case, history)
                continue

            child.passes += 1
            triple = child.triple
            if triple is not None:
                triple.count += 1
            edge: Edge = child.edge  # type: ignore[assignment]  # no open case is at the root
            fresh = edge.fresh
            fresh.append(at_us - case.last_at_us)
            if len(fresh) >= FRESH:
                edge.fold()
            case.node = child
            case.last_at_us = at_us
            if received_at_us > case.received_at_us:
                case.received_at_us = received_at_us
            case.seq = self.seq = seq
            if more:
                if case.times is not None:
                    case.times.append(at_us)
                if case.profile is not None:
                    case.profile.append(self.all.pairs, activity, at_us)
                self._note_move(name, node.activity, node.activity, activity, at_us)
            if ends:
                if more:
                    self._close(name, case, (), newest_us)
                else:
                    case.closed = True
                    child.closed += 1
                    closed_at[activity] = closed_at.get(activity, 0) + 1

    def learn_sorted(self, events: Iterable[LoggedEvent], history: CaseHistory | None = None, *, upto: int = 0) -> None:
        """Learn a whole log at once, sorted by (case, at, seq): then no event is late. The log must be empty.

        Cases are closed and evicted after the last event. ``history`` is called only for closed cases that have
        outgrown the tree, with ``track_closed``, and for cases that are evicted; better leave those out of
        ``events``, and report them to :meth:`leave_out`. ``upto`` is the greatest number of the log, if it is not
        among ``events``. Raises ValueError if an event is out of order.
        """
        if self.cases:
            raise ValueError("only an empty log can learn a sorted one")
        for seq, name, activity, at_us, received_at_us in events:
            self.numbers.setdefault(activity, len(self.numbers))
            case = self.cases.get(name)
            if case is None:
                self.cases[name] = self._counts.begin(activity, at_us, received_at_us, seq)
                continue
            if at_us < case.last_at_us:
                raise ValueError(f"event {seq} of case {name!r} is not in the order of time")
            self._counts.append(case, activity, at_us)
            case.received_at_us = max(case.received_at_us, received_at_us)
            case.seq = max(case.seq, seq)
        self.seq = max(upto, max((case.seq for case in self.cases.values()), default=0))
        self.newest_received_us = max((case.received_at_us for case in self.cases.values()), default=-NEVER_US)
        for name, case in self.cases.items():
            if self.is_closed(case.activity, case.received_at_us):
                self._close(name, case, self._closing_steps(name, case, history, self.seq + 1), self.newest_received_us)
        if self._has_clock:
            self._track(self.cases)
        self.advance(self.newest_received_us, history)

    def leave_out(self, cases: Collection[Case], upto: int) -> None:
        """Account for evicted cases that were not learnt, and events up to ``upto``; closes those that are closed."""
        self.seq = max(self.seq, upto)
        self._memory.note_evicted(len(cases) - self.evicted)
        for case in cases:
            case.closed = self.is_closed(case.activity, case.received_at_us)

    def _learn_first(self, event: Row, history: CaseHistory | None) -> None:
        """Learn an event of a case that is not in memory."""
        seq, name, activity, at_us, received_at_us = event
        case = None
        if self.is_bounded:
            last_us = self._last_arrival(name, history, seq)
            newest_us = received_at_us if last_us is None else max(last_us, received_at_us)
            if self._memory.excludes(self.cases, self.newest_received_us, newest_us, seq):
                self._learn_evicted(LoggedEvent._make(event), history, last_us)
                return
            self._make_room(history, self.newest_received_us, seq, room=1)
            if last_us is not None:
                case = self._readmit(name, history, last_us, seq)
        elif self._archive.size:
            case = self._archive.restore(event, history, self.tree.root, track_pairs=self.track_pairs)
            if case is not None:
                self.cases[name] = case
        if case is not None:
            self._learn_unusual(event, case, history)
            return
        self.numbers.setdefault(activity, len(self.numbers))
        case = self.cases[name] = self._counts.begin(activity, at_us, received_at_us, seq)
        self.seq = seq
        self._note_move(name, "", "", activity, at_us)
        if self.journal is not None:
            self.journal.transition("started", name, self.newest_received_us)
        if activity in self.end_activities or (self._has_clock and self.is_closed(activity, received_at_us)):
            self._close(name, case, ((activity, at_us),), self.newest_received_us)
        if self._has_clock:
            self._track({name: case})

    def _learn_unusual(self, event: Row, case: Case, history: CaseHistory | None) -> None:
        """Learn an event that closes or reopens its case, is late, or has no room in the tree."""
        seq, name, activity, at_us, received_at_us = event
        late, was_closed = at_us < case.last_at_us, case.closed
        closes = self.is_closed(case.activity if late else activity, max(received_at_us, case.received_at_us))
        steps: Steps = ()  # the earlier events of the case, as far as they are needed
        if self.closed is not None and (was_closed or closes):
            steps = all_steps(name, case, history, seq)
        elif late:
            steps = steps_since(name, case, history, at_us, seq)

        # Nothing has changed so far, and nothing is read from here on: an error leaves the log as it was.
        self.numbers.setdefault(activity, len(self.numbers))
        if was_closed:
            self._counts.reopen(case, steps)
        place = bisect_right(steps, at_us, key=_at_us)
        source = stood = case.activity
        if late:
            source = steps[place - 1][0] if place else ""
            self._counts.insert(case, steps, place, activity, at_us)
        else:
            self._counts.append(case, activity, at_us)
        case.received_at_us = max(case.received_at_us, received_at_us)
        case.seq = self.seq = seq
        if closes:
            self._counts.close(case, [*steps[:place], (activity, at_us), *steps[place:]])
        else:
            self._idle.add(name, case)
        self._set_due()
        self._note_move(name, source, stood, activity, at_us)
        if self.journal is not None and closes != was_closed:
            self.journal.transition("closed" if closes else "reopened", name, self.newest_received_us)

    def _grow(self, node: Node, activity: str) -> Node | None:
        """Return a new child that a case is about to enter; None if the tree has no room for it."""
        if not self.tree.has_room_below(node):
            return None
        self.numbers.setdefault(activity, len(self.numbers))
        return self.tree.grow(node, activity)

    def _note_move(self, name: str, source: str, stood: str, activity: str, at_us: int) -> None:
        """Pass an event on: ``source`` comes before it in its case, ``stood`` was the last activity when it came."""
        if self._lossy:
            for counts in self._lossy.values():
                counts.learn(stood, activity)
        if self.journal is not None:
            self.journal.move(name, self.numbers.get(source), self.numbers[activity], at_us)

    # --- The clock of arrivals -------------------------------------------------------------

    def advance(self, now_us: int, history: CaseHistory | None = None) -> None:
        """Set the clock of arrivals to ``now_us``, unless it shows more: silent cases close, and old ones leave."""
        now_us = max(now_us, self.newest_received_us)
        self._follow_clock(history, now_us, self.seq + 1)
        self.newest_received_us = now_us

    def _follow_clock(self, history: CaseHistory | None, now_us: int, before_seq: int) -> None:
        """Close and evict the cases that are due when the clock shows ``now_us``."""
        for name, case in self._idle.expired(self.cases, now_us):
            self._close(name, case, self._closing_steps(name, case, history, before_seq), now_us)
        self._make_room(history, now_us, before_seq)
        self._set_due()

    def _set_due(self) -> None:
        """Update when :meth:`_follow_clock` is due, after cases came in, left or opened."""
        self._due_us = min(self._idle.due_us, self._memory.due_us)

    def _track(self, cases: Mapping[str, Case]) -> None:
        """Track the silence of cases that came in."""
        for name, case in cases.items():
            self._memory.add(name, case)
            if not case.closed:
                self._idle.add(name, case)
        self._set_due()

    # --- Closed cases --------------------------------------------------------------------

    def _close(self, name: str, case: Case, steps: Steps, now_us: int) -> None:
        self._counts.close(case, steps)
        if self.journal is not None:
            self.journal.transition("closed", name, now_us)

    def _closing_steps(self, name: str, case: Case, history: CaseHistory | None, before_seq: int) -> Steps:
        """Return the events of a case that is about to close, if closed cases are counted."""
        return () if self.closed is None else all_steps(name, case, history, before_seq)

    def forget_closed(self, keep: int) -> int:
        """Archive all closed cases but the ``keep`` last seen; return how many. Every count includes them still.

        From then on the history is read for each case that is not in memory, as it may be one of them. A log with a
        memory policy archives none.
        """
        if self.is_bounded:
            return 0
        names = self._archive.take(self.cases, keep, self._idle, self.newest_received_us)
        for name in names:
            del self.cases[name]  # the idle queue has dropped it before, for the same silence
        return len(names)

    # --- The memory policy ---------------------------------------------------------------

    def _make_room(self, history: CaseHistory | None, now_us: int, before_seq: int, room: int = 0) -> None:
        """Take out the cases that have to leave when the clock shows ``now_us``, or to make room for ``room`` more."""
        while (name := self._memory.next_to_leave(self.cases, now_us, room)) is not None:
            case = self.cases[name]
            self._counts.remove(case, all_steps(name, case, history, before_seq))
            self._memory.evict()
            del self.cases[name]
            if self.journal is not None:
                self.journal.leave(name, case)

    def _last_arrival(self, name: str, history: CaseHistory | None, before_seq: int) -> int | None:
        """Return the last arrival of a case that is not in; None if the case is new."""
        if not self.evicted:
            return None
        if not isinstance(history, Reader):
            raise HistoryError(f"{self.evicted} cases are out: when {name!r} was heard of must be read")
        return history.heard(name, before_seq)

    def _readmit(self, name: str, history: CaseHistory | None, received_at_us: int, seq: int) -> Case:
        """Take an evicted case back in, as it was."""
        steps = evicted_steps(name, history, seq)
        case = self.cases[name] = self._counts.add(steps, received_at_us, seq)
        if self.is_closed(case.activity, received_at_us):
            self._counts.close(case, steps)
        self._memory.readmit(name, case)
        if not case.closed:
            self._idle.add(name, case)
        return case

    def _learn_evicted(self, event: LoggedEvent, history: CaseHistory | None, last_us: int | None) -> None:
        """Note an event of a case that is out and stays out; it is not counted. ``last_us`` None: the case is new."""
        seq, name, activity, at_us, received_at_us = event
        if self.journal is not None:
            steps = [] if last_us is None else [*evicted_steps(name, history, seq)]
            steps.append((activity, at_us))
            case = Case.uncounted(sorted(steps, key=_at_us), max(received_at_us, last_us or received_at_us), seq)
            case.closed = self.is_closed(case.activity, case.received_at_us)
            if last_us is None:
                self.journal.transition("started", name, self.newest_received_us)
            self.journal.leave(name, case)
        if last_us is None:
            self._memory.note_evicted()
        self.numbers.setdefault(activity, len(self.numbers))
        self.seq = seq

    # --- Lossy counts --------------------------------------------------------------------

    def lossy(self, epsilon: float) -> LossySteps | None:
        """Return the lossy counts of this ε, if the log has them."""
        return self._lossy.get(epsilon)

    def set_lossy(self, counts: Iterable[LossySteps]) -> None:
        """Go on with these lossy counts and no others; they have counted every event of the log so far."""
        self._lossy = {one.epsilon: one for one in counts}

    # --- Merging, saving and restoring -----------------------------------------------------

    def merge(self, other: "LiveLog", history: CaseHistory | None = None) -> None:
        """Add a log over other cases: the result is the same as having learnt both here. ``other`` is used up.

        Raises ValueError before anything has changed if a case is in both, settings differ, or ``other`` has
        archived cases. ``history`` as in :meth:`learn_one`: a case of one log may have been idle for long enough by
        the clock of the other.
        """
        counts, lossy = other._counts, other._lossy  # noqa: SLF001  the same class
        self._check_mergeable(other, lossy)
        for activity in other.numbers:
            self.numbers.setdefault(activity, len(self.numbers))
        nodes = self._counts.merge(counts)
        for case in other.cases.values():
            self._counts.adopt(case, nodes)
        self.cases |= other.cases
        if self._has_clock:
            self._track(other.cases)
        self._memory.note_evicted(other.evicted)
        for epsilon, steps in self._lossy.items():
            steps.merge(lossy[epsilon])
        self.seq = max(self.seq, other.seq)
        self.newest_received_us = max(self.newest_received_us, other.newest_received_us)
        self.advance(self.newest_received_us, history)

    def _check_mergeable(self, other: "LiveLog", lossy: Mapping[float, LossySteps]) -> None:
        mine, theirs = ({**log.settings(), "max_nodes": None} for log in (self, other))
        if mine != theirs:
            raise ValueError(f"logs of different settings cannot be merged: {mine} and {theirs}")
        if self._lossy.keys() != lossy.keys():
            raise ValueError(f"lossy counts of ε {set(self._lossy)} and {set(lossy)} cannot be merged")
        if other.archived:
            raise ValueError(f"a log that has archived {other.archived} cases cannot be merged into another")
        both = self.cases.keys() & other.cases.keys()
        if both:
            raise ValueError(f"{len(both)} cases are in both logs, {min(both)!r} is one")

    def settings(self) -> dict[str, Any]:
        """Return the arguments of the constructor but ``activities``."""
        return {
            "end_activities": sorted(self.end_activities),
            "idle_close_us": self.idle_close_us,
            "track_closed": self.closed is not None,
            "track_pairs": self.track_pairs,
            "memory_cases": self._memory.max_cases,
            "memory_us": self._memory.last_us,
            "max_nodes": self.tree.max_nodes,
            "max_depth": self.tree.max_depth,
        }

    def to_state(self) -> dict[str, Any]:
        """Return all of it as plain lists, numbers and strings, for any JSON or MessagePack writer.

        Columns instead of records, activities by number, nodes after their parents: compact, and read in one pass.
        What follows from the rest is left out (ends, how many cases are at a node or pass it).
        """
        counts, places = self._counts.to_state(self.numbers)
        return {
            "version": state.VERSION,
            "settings": self.settings(),
            "seq": self.seq,
            "forgotten": self._archive.size,
            "left": self._memory.evicted,
            "newest_received_us": str(self.newest_received_us),
            "activities": list(self.numbers),
            "cases": cases_to_state(self.cases, places, self.numbers),
            "lossy": [one.to_state(self.numbers) for one in self._lossy.values()],
            **counts,
        }

    @classmethod
    def from_state(cls, data: Mapping[str, Any]) -> "LiveLog":
        """Return the log of a saved state; it goes on as if never stopped. Raises StateError for anything else."""
        with state.reading(data):
            names = data["activities"]
            log = cls(**data["settings"], activities=names)
            nodes = log._counts.load_state(data, names)
            log.seq = data["seq"]
            log._archive = ClosedCaseArchive(data["forgotten"])
            log._memory.note_evicted(data["left"])
            log.newest_received_us = int(data["newest_received_us"])
            log.set_lossy([LossySteps.from_state(one, names) for one in data["lossy"]])
            log.cases = cases_from_state(data["cases"], nodes, names, track_pairs=log.track_pairs)
            log._counts.restore(log.cases.values(), nodes)
            if log._has_clock:
                log._track(log.cases)
        return log
