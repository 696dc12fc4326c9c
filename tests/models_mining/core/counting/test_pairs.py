"""Pair moments: what came at any time after what, as pm4py counts it, whatever came late."""

import statistics
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.discovery import pm4py_bridge
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.live_log import LiveLog, LoggedEvent, closed_cases
from tests.models_mining.core.strategies import (
    Stored,
    fed,
    generated_log,
    in_order,
    late_shuffled,
    logs,
    settings_of_logs,
)

Found = dict[tuple[str, str], tuple[int, int, int]]


def kept(log: LiveLog, cases: Any = "all") -> Found:
    pairs = log.counts(cases).pairs
    return {pair: (moments.count, moments.sum_us, moments.squares_us2) for pair, moments in pairs.items()}


def by_hand(events: list[LoggedEvent]) -> Found:
    found: Found = {}
    for one, other in combinations(in_order(events), 2):
        if one.case == other.case:
            n, total, squares = found.get((one.activity, other.activity), (0, 0, 0))
            after_us = other.at_us - one.at_us
            found[one.activity, other.activity] = (n + 1, total + after_us, squares + after_us**2)
    return found


@settings(max_examples=50, deadline=None)
@given(events=logs(), setup=settings_of_logs(track_closed=True, track_pairs=True), depth=st.sampled_from([2, 500]))
def test_every_two_events_of_a_case_are_a_pair_late_ones_and_those_of_closed_cases_too(
    events: list[LoggedEvent], setup: dict[str, Any], depth: int
) -> None:
    log = fed(LiveLog(**setup, max_depth=depth), events, Stored(events))
    closed = closed_cases(events, log.end_activities, log.idle_close_us)
    assert kept(log) == by_hand(events)
    assert kept(log, "closed") == by_hand([event for event in events if event.case in closed])


def test_counts_means_and_deviations_are_those_of_pm4py() -> None:
    events = late_shuffled(generated_log())
    log = fed(LiveLog(track_pairs=True), events, Stored(events))
    pm4py = load()
    graph = pm4py.discover_eventually_follows_graph(pm4py_bridge.frame(events))
    assert {pair: moments.count for pair, moments in log.all.pairs.items()} == graph
    profile = pm4py.discover_temporal_profile(pm4py_bridge.frame(events))
    assert {pair: moments.seconds() for pair, moments in log.all.pairs.items()} == {
        pair: pytest.approx(found, rel=1e-9) for pair, found in profile.items()
    }


def test_a_deviation_is_exact_where_floating_point_would_lose_it() -> None:
    century_us = 100 * 365 * 86_400 * 10**6
    events = [
        LoggedEvent(seq, f"c{seq // 2}", "ab"[seq % 2], seq % 2 * (century_us + seq), seq) for seq in range(6)
    ]  # three durations of a hundred years, some microseconds apart
    log = fed(LiveLog(track_pairs=True), events, Stored(events))
    mean_s, deviation_s = log.all.pairs["a", "b"].seconds()
    assert mean_s == pytest.approx(century_us / 10**6)
    assert deviation_s == pytest.approx(statistics.stdev([1, 3, 5]) / 10**6, rel=1e-12)


def test_pairs_that_nobody_asked_for_are_not_kept() -> None:
    log = fed(LiveLog(track_closed=True), generated_log(3), Stored())
    assert all(case.profile is None for case in log.cases.values())
    with pytest.raises(LookupError, match="track_pairs"):
        log.counts("closed").pairs  # noqa: B018
