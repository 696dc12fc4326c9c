"""The parts of a live log, each on its own."""

from array import array

import pytest

from models_mining.core.live_log import Case, HistoryError, LoggedEvent
from models_mining.core.live_log.archive import ClosedCaseArchive
from models_mining.core.live_log.counts import LogCounts
from models_mining.core.live_log.history import all_steps, steps_since
from models_mining.core.live_log.idle import NEVER_US, IdleQueue
from models_mining.core.live_log.memory import MemoryPolicy

STEPS = [("a", 1), ("b", 3), ("c", 6)]


def counts_of(max_nodes: int = 100, *, track_closed: bool = True) -> LogCounts:
    return LogCounts(max_nodes, 100, track_closed=track_closed, track_pairs=True)


def case(received_at_us: int, seq: int = 0) -> Case:
    return Case(None, 0, received_at_us, seq)


# --- LogCounts ----------------------------------------------------------------------------


def test_a_case_that_closes_and_reopens_is_counted_as_if_it_had_stayed_open() -> None:
    counts = counts_of()
    one = counts.add(STEPS, 6, 3)
    counts.close(one, STEPS)
    assert counts.closed is not None
    assert (one.closed, one.times, counts.closed_at, counts.closed.starts) == (True, None, {"c": 1}, {"a": 1})
    counts.reopen(one, STEPS)
    assert (one.closed, one.times, counts.closed_at, counts.closed.starts) == (False, array("q", [1, 3, 6]), {}, {})
    assert counts.tree.variants() == {("a", "b", "c"): 1}


def test_a_removed_case_leaves_nothing_behind() -> None:
    counts = counts_of()
    one = counts.add(STEPS, 6, 3)
    counts.close(one, STEPS)
    counts.remove(one, STEPS)
    assert counts.closed is not None
    assert (counts.tree.size, counts.closed_at, counts.overflow_cases) == (0, {}, 0)
    assert all(not (kind.starts or kind.directly_follows or kind.pairs) for kind in (counts.all, counts.closed))
    assert (one.before, one.activity, one.length) == ("b", "c", 3)


def test_a_late_step_gives_the_same_counts_as_one_in_order() -> None:
    late, in_order = counts_of(), counts_of()
    one = late.add([STEPS[0], STEPS[2]], 6, 2)
    late.insert(one, [STEPS[0], STEPS[2]], 1, "b", 3)
    other = in_order.add(STEPS, 6, 3)
    numbers = {"a": 0, "b": 1, "c": 2}
    assert sorted(late.all.to_state(numbers)["edges"]) == sorted(in_order.all.to_state(numbers)["edges"])
    assert late.tree.variants() == in_order.tree.variants()
    assert one.times == other.times == array("q", [1, 3, 6])


def test_a_merged_case_without_room_overflows_and_stays_counted() -> None:
    small, other = counts_of(max_nodes=2), counts_of()
    one = other.add(STEPS, 6, 3)
    small.adopt(one, small.merge(other))
    assert (one.node, one.overflow, small.overflow_cases) == (None, ("b", "c", 3), 1)
    assert small.tree.size == 0  # nodes that no case passes are dropped
    assert small.all.activities == {"a": 1, "b": 1, "c": 1}


# --- MemoryPolicy -------------------------------------------------------------------------


def test_the_case_last_seen_first_leaves_first_although_it_came_in_last() -> None:
    policy = MemoryPolicy(max_cases=1)
    cases = {"new": case(1), "old": case(2)}
    for name, one in cases.items():
        policy.add(name, one)
    cases["new"].received_at_us = 5  # the policy is not called for an event of a case that is in
    assert policy.next_to_leave(cases, now_us=5) == "old"
    policy.evict()
    del cases["old"]
    assert (policy.evicted, policy.next_to_leave(cases, 5)) == (1, None)
    assert policy.next_to_leave(cases, 5, room=1) == "new"


def test_a_case_leaves_when_its_silence_reaches_the_limit_and_not_before() -> None:
    policy, cases = MemoryPolicy(last_us=10), {"c": case(100)}
    assert policy.due_us == NEVER_US
    policy.add("c", cases["c"])
    assert (policy.due_us, policy.next_to_leave(cases, 109), policy.next_to_leave(cases, 110)) == (110, None, "c")


def test_a_full_policy_excludes_only_cases_older_than_all_that_are_in() -> None:
    policy, cases = MemoryPolicy(max_cases=1), {"c": case(100, seq=7)}
    policy.add("c", cases["c"])
    assert policy.excludes(cases, 100, received_at_us=100, seq=6)
    assert not policy.excludes(cases, 100, received_at_us=100, seq=8)


def test_readmitted_cases_are_no_longer_evicted_and_may_leave_again() -> None:
    policy, cases = MemoryPolicy(last_us=10), {"c": case(100)}
    policy.note_evicted(3)
    policy.readmit("c", cases["c"])
    assert (policy.evicted, policy.next_to_leave(cases, 110)) == (2, "c")


# --- ClosedCaseArchive --------------------------------------------------------------------


def test_only_closed_cases_in_the_tree_that_were_silent_long_enough_are_archived() -> None:
    counts = counts_of(track_closed=False)
    cases = {
        name: counts.add(STEPS, received_at_us, 0) for name, received_at_us in zip("abcd", (1, 2, 30, 3), strict=True)
    }
    cases["overflow"] = case(0)
    for name in ("a", "b", "c", "overflow"):
        cases[name].closed = True
    archive = ClosedCaseArchive()
    assert archive.take(cases, 0, IdleQueue(10), now_us=35) == ["a", "b"]  # "c" is not silent, "d" is open
    assert archive.take(cases, 2, IdleQueue(None), now_us=35) == ["a"]
    assert archive.size == 3


def test_an_archived_case_returns_as_it_was() -> None:
    counts, archive = counts_of(track_closed=False), ClosedCaseArchive(1)
    one = counts.add(STEPS, 6, 3)
    counts.close(one, STEPS)
    event = LoggedEvent(9, "c", "d", 7, 7)
    back = archive.restore(event, lambda *_: STEPS, counts.tree.root, track_pairs=True)
    assert back is not None
    assert (back.node, back.closed, back.started_at_us, back.last_at_us, archive.size) == (one.node, True, 1, 6, 0)
    assert archive.restore(event, lambda *_: [], counts.tree.root, track_pairs=True) is None
    with pytest.raises(HistoryError, match="not what was learnt"):
        archive.restore(event, lambda *_: [("x", 1)], counts.tree.root, track_pairs=True)


# --- IdleQueue and history ----------------------------------------------------------------


def test_a_case_is_idle_by_its_last_arrival_and_found_again_until_it_is_closed() -> None:
    queue, cases = IdleQueue(10), {"c": case(0), "d": case(5)}
    for name, one in cases.items():
        queue.add(name, one)
    cases["c"].received_at_us = 8
    assert [name for name, _ in queue.expired(cases, 14)] == []
    assert next(queue.expired(cases, 15))[0] == "d"  # it was not closed: the caller failed
    for _, one in queue.expired(cases, 18):
        one.closed = True
    assert (cases["c"].closed, cases["d"].closed, len(queue), queue.due_us) == (True, True, 0, NEVER_US)


def test_a_history_that_does_not_fit_its_case_is_refused() -> None:
    one = counts_of(track_closed=False).add(STEPS, 6, 3)
    assert all_steps("c", one, lambda *_: STEPS, 4) == STEPS
    assert steps_since("c", one, lambda *_: STEPS, 5, 4) == STEPS
    with pytest.raises(HistoryError, match="no way to read"):
        all_steps("c", one, None, 4)
    with pytest.raises(HistoryError, match="does not end"):
        all_steps("c", one, lambda *_: STEPS[:2], 4)
    with pytest.raises(HistoryError, match="3 events, 2"):
        all_steps("c", one, lambda *_: STEPS[1:], 4)
    with pytest.raises(HistoryError, match="too few"):
        steps_since("c", one, lambda *_: STEPS[2:], 5, 4)
