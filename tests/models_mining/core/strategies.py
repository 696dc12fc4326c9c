"""Random logs and settings, the store a tail reads from, and the whole content of a live log as one value."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import strategies as st

from models_mining.core.live_log import LiveLog, LoggedEvent

DAY_US = 86_400 * 10**6
ACTIVITIES = ["register", "check", "pay", "wait", "ü → ☃"]


class Stored:
    """Events as a table would keep them. ``tail`` answers no more than it must; ``asked`` counts."""

    def __init__(self, events: Iterable[LoggedEvent] = ()) -> None:
        self.asked = 0
        self._rows: dict[str, list[tuple[int, int, str]]] = {}
        self._events: dict[str, list[LoggedEvent]] = {}
        for event in events:
            self._events.setdefault(event.case, []).append(event)
            self._rows.setdefault(event.case, []).append((event.at_us, event.seq, event.activity))
        for rows in self._rows.values():
            rows.sort()

    def heard(self, case: str, before_seq: int) -> int | None:
        return max(
            (event.received_at_us for event in self._events.get(case, []) if event.seq < before_seq), default=None
        )

    def __call__(self, case: str, at_us: int | None, before_seq: int) -> list[tuple[str, int]]:
        return self.tail(case, at_us, before_seq)

    def tail(self, case: str, at_us: int | None, before_seq: int) -> list[tuple[str, int]]:
        self.asked += 1
        rows = [(activity, at) for at, seq, activity in self._rows.get(case, []) if seq < before_seq]
        if at_us is None:
            return rows
        return rows[max(0, bisect_right(rows, at_us, key=lambda row: row[1]) - 2) :]


@st.composite
def logs(
    draw: st.DrawFn, min_size: int = 0, max_size: int = 40, cases: int = 4, prefix: str = "case"
) -> list[LoggedEvent]:
    """Events in the order of ``seq``: interleaved cases, equal times, late events, arrivals that jump back."""
    unit_us = draw(st.sampled_from([1, 997, 10**6, DAY_US]))
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, cases - 1),
                st.sampled_from(ACTIVITIES),
                st.integers(0, 3),  # time goes on by so much, or stands still
                st.sampled_from([0, 0, 0, 0, 1, 2, 5, 20]),  # so late is the event
                st.sampled_from([0, 1, 1, 1, 2, 15, -4]),  # the clock of arrivals goes on, or is set
            ),
            min_size=min_size,
            max_size=max_size,
        )
    )
    events, clock, received = [], 0, 0
    for seq, (case, activity, on, late, heard) in enumerate(rows, start=1):
        clock += on
        received += heard
        events.append(LoggedEvent(seq, f"{prefix} {case}", activity, (clock - late) * unit_us, received * 10**6))
    return events


@st.composite
def settings_of_logs(draw: st.DrawFn, /, **fixed: Any) -> dict[str, Any]:
    """How a log may be set up: when its cases close, and whether closed ones are counted on their own."""
    return {
        "end_activities": draw(st.sampled_from([(), ("pay",), ("pay", "wait")])),
        "idle_close_us": draw(st.sampled_from([None, 4 * 10**6, 15 * 10**6])),
        "track_closed": draw(st.booleans()),
        "track_pairs": draw(st.booleans()),
    } | fixed


def fed(log: LiveLog, events: Iterable[LoggedEvent], stored: Stored) -> LiveLog:
    """The same log, after it has learnt ``events`` one by one."""
    for event in events:
        log.learn_one(event, stored)
    return log


def in_order(events: Iterable[LoggedEvent]) -> list[LoggedEvent]:
    """As a batch algorithm wants them, and as a rediscovery reads them."""
    return sorted(events, key=lambda event: (event.case, event.at_us, event.seq))


def late_shuffled(events: Sequence[LoggedEvent], every: int = 10, by: int = 7) -> list[LoggedEvent]:
    """The same events, one of ``every`` arriving ``by`` places later than it happened; numbered anew."""
    places = sorted(range(len(events)), key=lambda place: place + by + 0.5 if place % every == 0 else place)
    return [events[place]._replace(seq=seq) for seq, place in enumerate(places, start=1)]


def generated_log(cases: int = 60) -> list[LoggedEvent]:
    """A small log with loops and parallel steps, without chance: for tests that also take real logs."""
    events = []
    for number in range(cases):
        at_us = number * 3_600 * 10**6
        steps = ["register", *["check", "wait"][:: 1 if number % 2 else -1] * (1 + number % 3), "pay"]
        for place, activity in enumerate(steps[: len(steps) - (number % 5 == 0)]):
            at_us += (number * 7 + place * 13) % 50 * 61 * 10**6 + number
            events.append((at_us, f"case {number}", activity))
    events.sort()
    return [
        LoggedEvent(seq, case, activity, at_us, at_us) for seq, (at_us, case, activity) in enumerate(events, start=1)
    ]


def content(log: LiveLog) -> dict[str, Any]:
    """Everything a log knows, by names: equal for equal logs, however their activities are numbered."""
    return {
        "seq": log.seq,
        "newest_received_us": log.newest_received_us,
        "activities": set(log.numbers),
        "all": _counts(log.all, log.track_pairs),
        "closed": None if log.closed is None else _counts(log.closed, log.track_pairs),
        "nodes": {tuple(node.path()): (node.open, node.closed, node.passes) for node in log.tree.walk()},
        "beyond": log.overflow_cases,
        "left": log.evicted,
        "open_cases": log.open_cases,
        "open_at": {name: log.open_at(name) for name in log.numbers},
        "cases": {
            name: (
                None if case.node is None else tuple(case.node.path()),
                case.before,
                case.activity,
                case.length,
                case.started_at_us,
                case.last_at_us,
                case.received_at_us,
                case.seq,
                case.closed,
                None if case.profile is None else {a: n for a, (n, _, _) in case.profile.moments.items()},
            )
            for name, case in log.cases.items()
        },
    }


def _counts(counts: Any, track_pairs: bool) -> dict[str, Any]:
    return {
        "starts": counts.starts,
        "ends": counts.ends,
        "edges": {
            pair: (edge.count, edge.sum_us, edge.squares_us2, edge.sketch.buckets)
            for pair, edge in counts.directly_follows.items()
        },
        "triples": {three: tally.count for three, tally in counts.triples.items()},
        "pairs": {
            pair: (moments.count, moments.sum_us, moments.squares_us2)
            for pair, moments in (counts.pairs if track_pairs else {}).items()
        },
    }


def assert_consistent(log: LiveLog) -> None:
    """What must hold inside a log at any moment: counts that are kept twice agree, records are shared, not copied."""
    nodes = list(log.tree.walk())
    assert log.tree.size == len(nodes) <= log.tree.max_nodes
    for node in nodes:
        assert node.passes == node.open + node.closed + sum(child.passes for child in node.children.values()) > 0
        path = node.path()
        assert len(path) <= log.tree.max_depth
        assert node.edge is (log.all.directly_follows[path[-2], path[-1]] if len(path) > 1 else None)
        assert node.triple is (log.all.triples[path[-3], path[-2], path[-1]] if len(path) > 2 else None)
    standing = Counter(case.node for case in log.cases.values() if not case.closed)
    assert all(node.open == standing[node] for node in nodes)
    assert log.all.cases == len(log.cases) + log.archived
    assert log.overflow_cases == sum(case.node is None for case in log.cases.values())
    if not log.archived:
        assert log.ends == Counter(case.activity for case in log.cases.values())
        closed_at = Counter(case.activity for case in log.cases.values() if case.closed)
        assert {name: closed for name in log.numbers if (closed := log.closed_at(name))} == closed_at
    assert log.ends == {activity: ended for activity in log.numbers if (ended := log.all.ended(activity))}
    for counts in [log.all, *([log.closed] if log.closed else [])]:
        assert all(edge.count > 0 for edge in counts.directly_follows.values())
        assert all(tally.count > 0 for tally in counts.triples.values())
        assert sum(counts.starts.values()) == sum(counts.ends.values())
    for case in log.cases.values():
        assert case.times is None or (not case.closed and len(case.times) == case.length)
