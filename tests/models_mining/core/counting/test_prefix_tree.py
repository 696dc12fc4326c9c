"""The tree of prefixes: variants, and what happens at its limits."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.live_log import LiveLog, LoggedEvent
from tests.models_mining.core.strategies import Stored, content, fed, in_order, logs, settings_of_logs


def sequences(events: list[LoggedEvent]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for event in in_order(events):
        found[event.case] = (*found.get(event.case, ()), event.activity)
    return found


@settings(max_examples=60, deadline=None)
@given(events=logs(), setup=settings_of_logs())
def test_variants_are_the_sequences_of_the_cases(events: list[LoggedEvent], setup: dict[str, Any]) -> None:
    log = fed(LiveLog(**setup), events, Stored(events))
    found = sequences(events)
    assert log.tree.variants() == Counter(found.values())
    closed = [found[name] for name, case in log.cases.items() if case.closed]
    assert log.tree.variants(closed_only=True) == Counter(closed)


@settings(max_examples=80, deadline=None)
@given(
    events=logs(),
    setup=settings_of_logs(),
    budget=st.fixed_dictionaries({"max_nodes": st.integers(0, 10), "max_depth": st.integers(0, 5)}),
)
def test_beyond_the_budget_every_count_stays_exact(
    events: list[LoggedEvent], setup: dict[str, Any], budget: dict[str, Any]
) -> None:
    stored = Stored(events)
    small, large = (
        content(fed(LiveLog(**setup, **budget), events, stored)),
        content(fed(LiveLog(**setup), events, stored)),
    )
    for kept in ("all", "closed", "open_cases", "open_at", "seq"):
        assert small[kept] == large[kept]
    assert {name: case[1:] for name, case in small["cases"].items()} == {
        name: case[1:] for name, case in large["cases"].items()
    }
    assert small["beyond"] == sum(case[0] is None for case in small["cases"].values())


def test_a_case_deeper_than_allowed_leaves_the_tree_whole() -> None:
    events = [LoggedEvent(seq, "c", activity, seq, seq) for seq, activity in enumerate("abcd", start=1)]
    log = fed(LiveLog(max_depth=3), events[:3], Stored())
    assert (log.tree.size, log.overflow_cases) == (3, 0)
    fed(log, events[3:], Stored())
    assert (log.tree.size, log.overflow_cases, log.tree.variants()) == (0, 1, {})
    assert (log.cases["c"].before, log.cases["c"].activity) == ("c", "d")
    assert log.all.activities == {"a": 1, "b": 1, "c": 1, "d": 1}


def test_nodes_that_nobody_passes_any_more_go() -> None:
    events = [
        LoggedEvent(1, "c", "a", 1, 1),
        LoggedEvent(2, "c", "b", 3, 2),
        LoggedEvent(3, "c", "c", 4, 3),
        LoggedEvent(4, "c", "late", 2, 4),
    ]
    log = fed(LiveLog(), events, Stored(events))
    assert ["/".join(node.path()) for node in log.tree.walk()] == ["a", "a/late", "a/late/b", "a/late/b/c"]
    assert ("a", "b") not in log.directly_follows
    assert log.tree.size == 4


def test_room_that_others_left_is_used_again() -> None:
    log = LiveLog(max_nodes=2, max_depth=2)
    for seq, (case, activity) in enumerate([("c", "a"), ("c", "b"), ("c", "c"), ("d", "a"), ("d", "x")], start=1):
        log.learn_one(LoggedEvent(seq, case, activity, seq, seq))
    assert (log.overflow_cases, log.tree.variants()) == (1, {("a", "x"): 1})
