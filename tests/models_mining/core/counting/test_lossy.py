"""Lossy counting keeps its word: how wrong a count may be, what may be missing, and in how much memory."""

import math
from collections import Counter

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.counting.lossy import LossyCounter, LossySteps
from models_mining.core.discovery import derive
from models_mining.core.discovery.registry import NotDerivableError
from models_mining.core.live_log import LiveLog, LoggedEvent
from tests.models_mining.core.strategies import Stored, fed, generated_log, logs

streams = st.lists(st.sampled_from("aaaaaaaabbbbcdefghijklmnop"), max_size=200)
epsilons = st.sampled_from([0.01, 0.07, 0.1, 0.3])


def counted(items: list[str], epsilon: float) -> LossyCounter[str]:
    counter = LossyCounter[str](epsilon)
    for item in items:
        counter.add(item)
    return counter


def assert_within_bounds(counter: LossyCounter[str], items: list[str]) -> None:
    true, most = Counter(items), counter.epsilon * len(items)
    assert counter.total == len(items)
    assert counter.error <= most
    for item, (n, missed) in counter.counts.items():
        assert true[item] - most <= n <= true[item] <= n + missed
    assert all(n <= most for item, n in true.items() if item not in counter.counts)


@settings(max_examples=60, deadline=None)
@given(items=streams, more=streams, epsilon=epsilons)
def test_counts_are_never_too_high_and_at_most_epsilon_too_low_merged_ones_too(
    items: list[str], more: list[str], epsilon: float
) -> None:
    counter = counted(items, epsilon)
    assert_within_bounds(counter, items)
    counter.merge(counted(more, epsilon))
    assert_within_bounds(counter, items + more)
    for item in items:
        counter.add(item)
    assert_within_bounds(counter, items + more + items)


def test_memory_is_bounded_though_nothing_ever_comes_twice() -> None:
    counter = LossyCounter[str](0.01)
    most = 0
    for number in range(20_000):
        counter.add(f"{number}")
        most = max(most, len(counter.counts))
    assert most <= 100 * (1 + math.log(0.01 * 20_000))
    assert len(counter.counts) <= 100


@settings(max_examples=80, deadline=None)
@given(events=logs(), part=st.floats(0, 1), epsilon=epsilons)
def test_a_live_log_counts_as_one_that_catches_up_from_the_table_and_after_a_restart(
    events: list[LoggedEvent], part: float, epsilon: float
) -> None:
    stored, now = Stored(events), int(len(events) * part)
    log = LiveLog(end_activities={"pay"})
    log.set_lossy([LossySteps(epsilon)])
    for event in events[:now]:
        log.learn_one(event, stored)
        log.forget_closed(0)
    log = fed(LiveLog.from_state(orjson.loads(orjson.dumps(log.to_state()))), events[now:], stored)
    caught_up = LossySteps(epsilon)
    caught_up.learn_all((event.case, event.activity, event.at_us) for event in events)
    counts = log.lossy(epsilon)
    assert counts is not None
    assert (counts.steps.counts, counts.activities.counts) == (caught_up.steps.counts, caught_up.activities.counts)


def test_the_graph_shows_what_is_frequent_and_says_how_wrong_it_may_be() -> None:
    events = generated_log()
    events.append(LoggedEvent(len(events) + 1, "odd", "never seen", 0, 0))
    log = LiveLog()
    log.set_lossy([LossySteps(0.05)])
    fed(log, events, Stored(events))
    graph = derive("lossy-dfg", log, parameters={"epsilon": 0.05})
    exact = derive("dfg", log)
    true = {(edge["s"], edge["t"]): edge["n"] for edge in exact["edges"]}
    most = 0.05 * len(events)
    shown = {(edge["s"], edge["t"]): edge["n"] for edge in graph["edges"]}
    assert all(true[edge] - most <= n <= true[edge] for edge, n in shown.items())
    assert {edge for edge, n in true.items() if n > most} <= shown.keys()
    assert {node["label"] for node in graph["nodes"]} >= {"register", "check", "wait", "pay"}
    assert f"from {len(events)} events" in graph["remarks"][0]


def test_counts_that_are_not_kept_or_over_closed_cases_are_refused() -> None:
    with pytest.raises(LookupError, match=r"0\.001"):
        derive("lossy-dfg", LiveLog())
    with pytest.raises(NotDerivableError, match="counts all cases only, not closed ones"):
        derive("lossy-dfg", LiveLog(track_closed=True), "closed")
    with pytest.raises(ValueError, match="ε"):
        LossyCounter[str](0.1).merge(LossyCounter[str](0.2))
