"""The in-memory abstraction of a log: everything live models are derived from."""

from collections.abc import Iterable, Mapping
from typing import Any

from models_mining.core.counting.abstraction import Abstraction, Edge
from models_mining.core.counting.edge import FRESH
from models_mining.core.counting.lossy import LossySteps
from models_mining.core.counting.pairs import Pair
from models_mining.core.counting.prefix_tree import MAX_DEPTH, MAX_NODES, Node
from models_mining.core.live_log import forgetting, history, learning, memory, merging, state
from models_mining.core.live_log.cases import Case, CaseSet
from models_mining.core.live_log.idle import NEVER_US, IdleQueue
from models_mining.core.live_log.journal import Journal
from models_mining.core.live_log.logged_event import CaseHistory, LoggedEvent, Row
from models_mining.core.live_log.memory import Memory
from models_mining.core.live_log.standing import Standing


class LiveLog:
    """Everything live models are derived from, exact after each event.

    Constant time per event in order; a late one costs as much as its case has events after it. All of it is a
    function of the set of events learnt: what came late, closed too early or stood elsewhere leaves no trace. Two
    exceptions: activities are numbered in the order of learning, and the tree's nodes are given first come, first
    served once they run out.

    A case is closed if its last activity by (at, seq) is one of ``end_activities``, or if the greatest arrival of
    the log lies ``idle_close_us`` or more past the greatest of the case; otherwise it is open. ``all`` counts every
    case, ``closed`` the closed ones only (None unless ``track_closed``).

    With ``track_pairs`` what comes at any time after what is kept too, at the cost of a step per activity of the case.

    With ``memory_cases`` or ``memory_us`` it stands for the cases with the newest activity only: at most so many, and
    none whose last arrival lies so far or further behind the greatest. A case leaves as if it had never been, and is
    back whole when it is heard of again. Then ``tail`` must be a :class:`Reader`.

    ``activities`` get the first numbers: a rediscovery, which does not learn in the order of arrival, keeps the
    numbers of the epoch so. A ``journal`` set on the log is told every change, ``lossy`` counts every event.

    >>> log = LiveLog()
    >>> for n, activity in enumerate(("register", "check", "check", "pay"), start=1):
    ...     log.learn_one(Seen(seq=n, case="c1", activity=activity, at_us=n * 10**6, received_at_us=n * 10**6))
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
        self.numbers = {name: number for number, name in enumerate(dict.fromkeys(activities))}
        self.cases: dict[str, Case] = {}  # the open ones, and closed ones not forgotten
        self.forgotten = 0
        self.track_pairs = track_pairs
        self.standing = Standing(max_nodes, max_depth, track_pairs=track_pairs)
        self.tree = self.standing.tree
        self.all = self.standing.all
        self.closed = Abstraction(track_pairs=track_pairs) if track_closed else None
        self.idle = IdleQueue(idle_close_us)
        self.memory = Memory(memory_cases, memory_us)
        self.has_clock = idle_close_us is not None or self.memory.bounded
        self._due_us = NEVER_US  # nothing happens by the clock alone before it shows this
        self.seq = 0  # greatest number learnt
        self.newest_received_us = -NEVER_US
        self.journal: Journal | None = None
        self.lossy: dict[float, LossySteps] = {}  # by ε; who wants some puts them here, caught up

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
        """Cases by last activity, the open ones too."""
        return self.all.ends

    @property
    def beyond(self) -> int:
        """How many cases the tree has no room for: variants are not exact by these."""
        return self.standing.beyond

    @property
    def open_cases(self) -> int:
        """How many cases are open."""
        return self.all.cases - sum(self.standing.closed_at.values())

    def open_at(self, activity: str) -> int:
        """How many open cases stand at ``activity`` now."""
        return self.all.ended(activity) - self.standing.closed_at.get(activity, 0)

    def counts(self, cases: CaseSet = "all") -> Abstraction:
        """The counts over all or over closed cases. Closed ones that are not tracked are a LookupError."""
        if cases == "all":
            return self.all
        if self.closed is None:
            raise LookupError("this log does not count closed cases on their own (track_closed)")
        return self.closed

    # --- Learning ------------------------------------------------------------------------

    def learn_one(self, event: Row, tail: CaseHistory | None = None) -> None:
        """Learn one more event of the log; they come in the order of ``seq``.

        ``tail`` reads the events of a case back. It is asked for a late event; for a case not in memory once some
        were forgotten; and with ``track_closed`` when a case comes back after it closed, or closes without its times
        in memory (it has outgrown the tree, or was open when a state was saved). A HistoryError says that ``tail``
        was missing or its answer wrong; then, as when ``tail`` itself fails, the event has not been counted and may
        be learnt again.
        """
        self.learn_many((event,), tail)

    def learn_many(self, events: Iterable[Row], tail: CaseHistory | None = None) -> None:  # noqa: C901  a call would cost
        """Learn events one after another, see :meth:`learn_one`; at an error those before it have been learnt."""
        cases, end_activities, track_closed = self.cases, self.end_activities, self.closed is not None
        beginnings, starts = self.tree.root.children, self.starts
        more = track_closed or self.track_pairs or self.journal is not None or bool(self.lossy)
        newest_us = self.newest_received_us
        closed_at = self.standing.closed_at
        for event in events:
            seq, name, activity, at_us, received_at_us = event
            case = cases.get(name)
            if received_at_us > newest_us:
                if received_at_us >= self._due_us:
                    if case is not None:  # it has just been heard of
                        case.received_at_us = received_at_us
                    self.advance(tail, received_at_us, seq)
                self.newest_received_us = newest_us = received_at_us
            if case is None:
                child = beginnings.get(activity)  # it may be as usual as any: begun as others have
                if child is None or more or self.forgotten or self.has_clock or activity in end_activities:
                    learning.learn_first(self, event, tail)
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
                or (child := node.children.get(activity) or self._new_way(node, activity)) is None
            ):
                learning.learn_unusual(self, event, case, tail)
                continue

            # The beaten path: an open case goes on, mostly as one has before. All that changes hangs on the new node.
            child.passes += 1
            triple = child.triple
            if triple is not None:
                triple.count += 1
            edge: Edge = child.edge  # type: ignore[assignment]  # no open case stands at the root
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
                self.tell(name, node.activity, node.activity, activity, at_us)
            if ends:
                if more:
                    learning.close(self, name, case, (), newest_us)
                else:
                    case.closed = True
                    child.closed += 1
                    closed_at[activity] = closed_at.get(activity, 0) + 1

    def _new_way(self, node: Node, activity: str) -> Node | None:
        """The child that a case is just about to enter as the first; None: the tree has no room for it."""
        if not self.tree.has_room_below(node):
            return None
        self.numbers.setdefault(activity, len(self.numbers))
        return self.tree.grow(node, activity)

    def tell(self, name: str, source: str, stood: str, activity: str, at_us: int) -> None:
        """Tell of an event whose case did ``source`` before, and ``stood`` elsewhere if the event is late."""
        if self.lossy:
            for counts in self.lossy.values():
                counts.learn(stood, activity)
        if self.journal is not None:
            self.journal.move(name, self.numbers.get(source), self.numbers[activity], at_us)

    def learn_sorted(
        self, events: Iterable[LoggedEvent], tail: CaseHistory | None = None, *, upto: int = 0, left: int = 0
    ) -> None:
        """Learn a whole log at once, sorted by (case, at, seq): nothing is late then. Only for an empty log.

        Which cases are closed, and which are in, is settled after the last event. ``tail`` is needed only for closed
        cases that have outgrown the tree, with ``track_closed``, and for cases that are out; better, those are not
        among ``events``, ``left`` says how many they are and ``upto`` the greatest number of all. An event out of
        order is a ValueError.
        """
        learning.learn_sorted(self, events, tail, upto, left)

    # --- Closing -------------------------------------------------------------------------

    def is_closed(self, activity: str, received_at_us: int) -> bool:
        """Is a case closed that stands at ``activity`` and was last heard of at ``received_at_us``?"""
        return activity in self.end_activities or self.idle.is_idle(received_at_us, self.newest_received_us)

    def advance(self, tail: CaseHistory | None, now_us: int, before_seq: int) -> None:
        """Close and let leave what is due when the clock of arrivals shows ``now_us``."""
        self._close_idle(tail, now_us, before_seq)
        memory.settle(self, tail, now_us, before_seq)
        self.watch_clock()

    def watch_clock(self) -> None:
        """To be called when cases came in, went or opened: :meth:`advance` is due when their silence is."""
        self._due_us = min(self.idle.due_us, self.memory.due_us)

    def _close_idle(self, tail: CaseHistory | None, now_us: int, before_seq: int) -> None:
        for name, case in self.idle.expired(self.cases, now_us):
            steps = () if self.closed is None else history.whole(name, case, tail, before_seq)
            learning.close(self, name, case, steps, now_us)

    def forget_closed(self, keep: int) -> int:
        """Let go of all closed cases but the ``keep`` last heard of; says how many went. Every count keeps them.

        From then on ``tail`` is asked about each case that is not in memory: it may be one of them.
        """
        return forgetting.forget_closed(self, keep)

    # --- Adding, saving and restoring ------------------------------------------------------

    def merge(self, other: "LiveLog", tail: CaseHistory | None = None) -> None:
        """Add a log over other cases: the same as having learnt both here. It uses ``other`` up.

        A case in both, settings that differ, or cases ``other`` has forgotten, are a ValueError before anything has
        changed. ``tail`` as in
        :meth:`learn_one`: a case of the one log may have been idle for long enough by the clock of the other.
        """
        merging.merge(self, other)
        self.advance(tail, self.newest_received_us, self.seq + 1)

    def to_state(self) -> dict[str, Any]:
        """All of it as plain lists, numbers and strings, versioned; any JSON or MessagePack writer takes it."""
        return state.dump(self)

    @classmethod
    def from_state(cls, data: Mapping[str, Any]) -> "LiveLog":
        """The log a state was taken of; it goes on as if never stopped. Anything else is a StateError."""
        log = state.load(cls, data)
        log.watch_clock()
        return log
