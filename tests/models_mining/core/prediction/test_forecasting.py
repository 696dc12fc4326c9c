"""What comes next and how long it takes: probabilities, what is learnt and taken back, and how it is scored."""

import json
import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.live_log import LiveLog, LoggedEvent, Turns, learn_observed
from models_mining.core.prediction.forecasting import Forecaster
from models_mining.core.prediction.next_step import END, next_activity
from models_mining.core.prediction.remaining import RemainingTimes
from models_mining.core.prediction.scores import RECENT, Scores, next_score, time_score
from tests.models_mining.core.strategies import Stored, fed, in_order, logs, settings_of_logs

MINUTE_US = 60 * 10**6


def watched(events: list[LoggedEvent], stored: Stored, **setting: Any) -> tuple[LiveLog, Forecaster]:
    log, forecaster, turns = LiveLog(**setting), Forecaster(stored), Turns()
    log.journal = turns
    for event in events:
        learn_observed(log, event, stored, [forecaster], turns)
    return log, forecaster


def known(times: RemainingTimes) -> Any:
    """Equal for equal knowledge, whatever was learnt and taken back before."""
    state = times.to_state()
    kinds = [sorted((str(context), sorted(rows)) for context, rows in kind if rows) for kind in state["kinds"]]
    return kinds, sorted(row for row in state["totals"] if row[1])


@settings(max_examples=60, deadline=None)
@given(
    events=logs(), setting=settings_of_logs(track_pairs=False), forget=st.booleans(), most=st.sampled_from([None, 2])
)
def test_only_closed_cases_teach_how_long_it_takes(events: Any, setting: Any, forget: bool, most: int | None) -> None:
    stored, turns = Stored(events), Turns()
    log, forecaster = LiveLog(**setting, memory_cases=most), Forecaster(stored)
    log.journal = turns
    for event in events:
        learn_observed(log, event, stored, [forecaster], turns)
        if forget:
            log.forget_closed(1)
    fresh, seen = RemainingTimes(), fed(LiveLog(**setting, memory_cases=most), events, stored)
    for name, case in seen.cases.items():
        if case.closed:
            fresh.learn(stored(name, None, len(events) + 1))
    assert known(forecaster.times) == known(fresh)


@settings(max_examples=60, deadline=None)
@given(events=logs(min_size=1), setting=settings_of_logs(track_pairs=False))
def test_probabilities_add_up_and_follow_from_what_happened_alone(events: Any, setting: Any) -> None:
    stored = Stored(events)
    log = fed(LiveLog(**setting), events, stored)
    sorted_log = LiveLog(**setting)
    sorted_log.learn_sorted(in_order(events), stored)
    for name, case in log.cases.items():
        told = next_activity(log, case)
        assert math.isclose(sum(told.known.values()) + told.unheard_of, 1.0)
        assert all(p > 0 for p in told.known.values())
        assert told.unheard_of > 0
        again = next_activity(sorted_log, sorted_log.cases[name])
        assert again.known == pytest.approx(told.known)
        assert again.likeliest == told.likeliest or again.known[str(again.likeliest)] == pytest.approx(
            told.known[str(told.likeliest)]
        )


def ways(*paths: str) -> list[LoggedEvent]:
    """Cases one after the other, a minute between any two events; words are activities."""
    steps = [(f"case {number}", activity) for number, path in enumerate(paths) for activity in path.split()]
    return [LoggedEvent(n, case, name, n * MINUTE_US, n * MINUTE_US) for n, (case, name) in enumerate(steps, start=1)]


def test_a_longer_context_knows_better_and_leans_on_shorter_ones() -> None:
    events = ways(*["a x c end"] * 10, *["b x d end"] * 10, "a x", "b x", "q x", "never")
    log = fed(LiveLog(end_activities=["end"]), events, Stored(events))
    by_case = {name: next_activity(log, log.cases[f"case {number}"]) for name, number in (("a", 20), ("b", 21))}
    assert by_case["a"].likeliest == "c"
    assert by_case["a"].known["c"] > 0.9 > 0.1 > by_case["a"].known["d"] > 0
    assert by_case["b"].likeliest == "d"
    unknown = next_activity(log, log.cases["case 22"])  # no case began like this: the last activity decides
    assert unknown.known["c"] == unknown.known["d"] == pytest.approx(10 / 22)
    assert unknown.unheard_of == pytest.approx(2 / 22)
    assert next_activity(log, log.cases["case 23"]) == ({}, 1.0)


def test_cases_that_fell_silent_let_expect_an_end() -> None:
    events = ways(*["a b"] * 30, "a b")
    log = fed(LiveLog(idle_close_us=3 * MINUTE_US), events, Stored(events))
    told = next_activity(log, log.cases["case 30"])
    assert told.likeliest == END
    assert told.known[END] > 0.9


def test_the_remaining_time_shrinks_to_what_took_longer() -> None:
    times = RemainingTimes()
    for minutes in [10] * 50 + [100] * 50:
        times.learn([("a", 0), ("b", minutes * MINUTE_US)])
    at_once, later = times.after(["a"], 0), times.after(["a"], 40 * MINUTE_US)
    assert at_once is not None
    assert later is not None
    assert (at_once.low_us, at_once.high_us) == pytest.approx((10 * MINUTE_US, 100 * MINUTE_US), rel=1 / 16)
    assert later.median_us == pytest.approx(60 * MINUTE_US, rel=1 / 8)
    assert later.support == 50
    assert times.after(["a"], 1000 * MINUTE_US) is None
    assert times.after(["never", "a"], 0) == at_once


def random_log(seed: int, cases: int) -> list[LoggedEvent]:
    """What comes after x depends on what came before it; so does how long it takes. Cases overlap."""
    chance = random.Random(seed)
    rows = []
    for number in range(cases):
        at_us, first = number * MINUTE_US, chance.choice("ab")
        path = [first, "x", "c" if (first == "a") == (chance.random() < 0.9) else "d", "end"]
        for activity in path:
            rows.append((at_us, f"case {number}", activity))
            at_us += int(chance.expovariate(1 / (5 if first == "a" else 50)) * MINUTE_US)
    rows.sort()
    return [LoggedEvent(seq, case, activity, at_us, at_us) for seq, (at_us, case, activity) in enumerate(rows, start=1)]


def test_it_scores_itself_and_beats_the_baselines() -> None:
    events = random_log(1, 800)
    _, forecaster = watched(events, Stored(events), end_activities=["end"])
    found, times = next_score(forecaster.next_scores), time_score(forecaster.time_scores)
    assert found["tests"] > 250
    assert (found["accuracy"] or 0) > 0.93 > 0.87 > (found["baseline_accuracy"] or 0)
    assert (found["brier"] or 1) < 0.15
    assert 0.75 < (times["interval_held"] or 0) < 0.87
    assert (times["mae_s"] or 0) < 0.95 * (times["baseline_mae_s"] or 0)
    assert next_score(forecaster.next_scores, 100)["tests"] == 100


def test_a_late_event_is_not_scored_and_spoils_what_was_predicted() -> None:
    events = ways(*["a b end"] * 30, "a b")
    late = LoggedEvent(len(events) + 1, "case 30", "b", events[-2].at_us, events[-1].received_at_us)
    stored = Stored([*events, late])
    _, before = watched(events, stored, end_activities=["end"])
    _, after = watched([*events, late], stored, end_activities=["end"])
    assert after.next_scores.tests == before.next_scores.tests


def test_restored_it_knows_and_scores_as_if_never_stopped() -> None:
    events = random_log(2, 300)
    stored = Stored(events)
    log, forecaster = watched(events[:600], stored, end_activities=["end"])
    kept = Forecaster.from_state(json.loads(json.dumps(forecaster.to_state())), stored)
    kept._guesses, kept._estimates = forecaster._guesses, forecaster._estimates  # which are not saved
    whole = watched(events, stored, end_activities=["end"])[1]
    turns = log.journal = Turns()
    for event in events[600:]:
        learn_observed(log, event, stored, [kept], turns)
    assert known(kept.times) == known(whole.times)
    assert kept.next_scores.to_state() == whole.next_scores.to_state()
    assert time_score(kept.time_scores) == time_score(whole.time_scores)


def test_scores_go_over_time_as_means_of_equal_blocks_of_the_newest_tests() -> None:
    scores = Scores(2)
    assert scores.trail() == []
    for number in range(25):
        scores.add((float(number >= 15), 1.0))
    assert scores.trail() == [[0.0, 1.0], [1.0, 1.0]]  # the five oldest fill no block
    for _ in range(2 * RECENT):
        scores.add((0.5, 0.0))
    assert scores.trail() == [[0.5, 0.0]] * 20
