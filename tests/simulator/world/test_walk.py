"""The properties W1 to W6 of a walk, on a seeded log of 20,000 events."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from math import sqrt
from pathlib import Path
from random import Random

import pytest

from simulator.world.chain import (
    END,
    START,
    Chain,
    ConstantDuration,
    Datasource,
    DriftingProbability,
    Edge,
    GaussianDuration,
    GenericProbability,
    Ordered,
    Uniform,
    UniformDuration,
    cumulative,
)
from simulator.world.event import Event
from simulator.world.walk import Walk
from tests.simulator.worlds import datasource, edge, run, simulation

MINUTE_US = 60_000_000
CASES = 5
EVENTS = 20_000


def a_chain() -> Chain:
    """Two ways to begin, a loop, a way round by ``<start>``, an edge that is never taken, shared activities."""
    two, three, half = ConstantDuration(2), ConstantDuration(3), ConstantDuration(0.5)
    saw = (
        Edge("cut", "Drill", two),
        Edge("cut", "Saw", three),
        Edge("cut", END, half),
        Edge("never", "Drill", half),
    )
    drill = (Edge("drill", END, two), Edge("again", START, three), Edge("drill", "Saw", half))
    return Chain(
        {
            START: Datasource(
                START,
                START,
                "",
                GenericProbability((0.25, 0.75)),
                (Edge("", "Saw", half), Edge("", "Drill", half)),
            ),
            "Saw": Datasource("Saw", "saw 1", "hall a", GenericProbability((0.5, 0.2, 0.3, 0.0)), saw),
            "Drill": Datasource("Drill", "drill 1", "hall b", GenericProbability((0.6, 0.3, 0.1)), drill),
        }
    )


def walked(chain: Chain, events: int, *, cases: int = CASES, seed: int = 11) -> list[Event]:
    endless = Walk(chain, random=Random(seed), start_at_us=0).events(cases)
    return [next(endless) for _ in range(events)]


@pytest.fixture(scope="module")
def log() -> list[Event]:
    return walked(a_chain(), EVENTS)


def by_case(log: list[Event]) -> dict[str, list[Event]]:
    cases: dict[str, list[Event]] = defaultdict(list)
    for event in log:
        cases[event.case].append(event)
    return cases


def within_four_sigma(hits: int, trials: int, probability: float) -> bool:
    return abs(hits - trials * probability) <= 4 * sqrt(trials * probability * (1 - probability))


def test_w1_exactly_k_cases_are_open_at_any_moment(log: list[Event]) -> None:
    opened, ended = 0, 0
    for event in log:
        number = int(event.case.removeprefix("case_"))
        # A case opens when another ends, so no number is above the ended ones by more than K.
        assert number <= ended + CASES
        opened = max(opened, number)
        ended += event.ends_case
    assert ended <= opened <= ended + CASES
    assert len([case for case in by_case(log).values() if not case[-1].ends_case]) <= CASES


def test_w1_one_concurrent_case_never_interleaves_with_the_next() -> None:
    cases = [event.case for event in walked(a_chain(), 500, cases=1)]
    changes = sum(a != b for a, b in pairwise(cases))
    assert changes == len(set(cases)) - 1


def test_w2_events_leave_in_the_order_of_simulated_time(log: list[Event]) -> None:
    moments = [event.at_us for event in log]
    assert moments == sorted(moments)


def test_w3_consecutive_events_of_a_case_are_linked_by_an_edge(log: list[Event]) -> None:
    after = {
        ("saw 1", "cut"): {"drill 1", "saw 1"},
        ("drill 1", "drill"): {"saw 1"},
        ("drill 1", "again"): {"saw 1", "drill 1"},  # by <start>
    }
    for case in by_case(log).values():
        for event, following in pairwise(case):
            assert following.node in after[event.node, event.activity]


def test_w4_a_case_ends_once_and_never_returns(log: list[Event]) -> None:
    cases = by_case(log)
    assert all(not event.ends_case for case in cases.values() for event in case[:-1])
    numbers = sorted(int(case.removeprefix("case_")) for case in cases)
    assert numbers[0] == 1
    assert len(numbers) >= numbers[-1] - CASES


def test_w5_edges_occur_with_their_probabilities(log: list[Event]) -> None:
    at_saw = [event for event in log if event.node == "saw 1"]
    at_drill = [event for event in log if event.node == "drill 1"]
    assert {event.activity for event in at_saw} == {"cut"}
    assert within_four_sigma(sum(e.ends_case for e in at_saw), len(at_saw), 0.3)
    assert within_four_sigma(sum(e.ends_case for e in at_drill), len(at_drill), 0.6)
    assert within_four_sigma(sum(e.activity == "again" for e in at_drill), len(at_drill), 0.3)
    first = [case[0].node for case in by_case(log).values()]
    assert within_four_sigma(first.count("saw 1"), len(first), 0.25)


def test_w6_the_time_between_events_of_a_case_is_the_drawn_duration(log: list[Event]) -> None:
    drawn = {
        ("saw 1", "cut"): {2 * MINUTE_US, 3 * MINUTE_US, MINUTE_US // 2},
        ("drill 1", "drill"): {2 * MINUTE_US, MINUTE_US // 2},
        ("drill 1", "again"): {3 * MINUTE_US},
    }
    for case in by_case(log).values():
        for event, following in pairwise(case):
            assert following.at_us - event.at_us in drawn[following.node, following.activity]


def test_w7_the_walk_holds_one_prepared_event_a_case_and_nothing_more() -> None:
    walk = Walk(a_chain(), random=Random(1), start_at_us=0)
    events = walk.events(4)
    for _ in range(5_000):
        next(events)
    assert len(events.gi_frame.f_locals["prepared"]) == 4  # type: ignore[attr-defined]


def test_the_first_events_of_the_first_cases_are_chained_in_time() -> None:
    chain = Chain(
        {
            START: Datasource(START, START, "", Ordered(1), (Edge("", "A", ConstantDuration(9)),)),
            "A": Datasource("A", "A", "", Ordered(1), (Edge("a", END, ConstantDuration(1)),)),
        }
    )
    assert [event.at_us // MINUTE_US for event in walked(chain, 5, cases=3)] == [1, 2, 3, 4, 5]


def test_the_same_seed_gives_the_same_events_and_another_seed_others() -> None:
    assert walked(a_chain(), 300, seed=3) == walked(a_chain(), 300, seed=3)
    assert walked(a_chain(), 300, seed=3) != walked(a_chain(), 300, seed=4)


def test_case_numbers_and_drift_go_on_in_the_next_simulation(tmp_path: Path) -> None:
    events = run(
        tmp_path,
        datasource("<start>", [edge("", "A")]),
        datasource("A", [edge("first", "<end>"), edge("second", "<end>")], selection="ordered"),
        simulation(3),
        simulation(4),
        start=datetime(2026, 1, 1, tzinfo=UTC),
    )
    # The third case's successor is prepared and never sent, so its number and its turn are used up.
    assert [event.case for event in events] == [f"case_{n}" for n in (1, 2, 3, 5, 6, 7, 8)]
    assert [event.activity for event in events[:3]] == ["first", "second", "first"]
    assert [event.at_us for event in events] == sorted(event.at_us for event in events)


# --- Selections and durations -------------------------------------------------------


def test_drift_reaches_the_end_distribution_after_its_steps_and_holds_it() -> None:
    choose = DriftingProbability((1.0, 0.0), (0.0, 1.0), 50).chooser(Random(5))
    drawn = [choose() for _ in range(1_000)]
    assert 0 in drawn[:25]
    assert set(drawn[49:]) == {1}  # the 50th choice has gone the whole way


def test_drift_has_the_mean_of_its_straight_line_over_its_steps() -> None:
    steps, start, end = 20_000, 0.9, 0.3
    choose = DriftingProbability((start, 1 - start), (end, 1 - end), steps).chooser(Random(5))
    hits = sum(choose() == 0 for _ in range(steps))
    mean = start * (steps - 1) / (2 * steps) + end * (steps + 1) / (2 * steps)
    assert within_four_sigma(hits, steps, mean)


def test_drift_of_one_step_begins_with_the_end_distribution() -> None:
    selection = DriftingProbability((1.0, 0.0), (0.0, 1.0), 1)
    assert selection.chooser(Random(1))() == 1
    assert not selection.takes(0)


def test_ordered_takes_the_edges_in_turn_over_all_cases() -> None:
    choose = Ordered(3).chooser(Random(1))
    assert [choose() for _ in range(7)] == [0, 1, 2, 0, 1, 2, 0]


def test_uniform_takes_every_edge_equally_often() -> None:
    choose = Uniform(4).chooser(Random(2))
    counts = Counter(choose() for _ in range(20_000))
    assert all(within_four_sigma(counts[index], 20_000, 0.25) for index in range(4))


@pytest.mark.parametrize("weights", [(0.0, 1.0), (1.0, 0.0), (0.3, 0.0, 0.7), (0.1,) * 10, (1 / 3, 1 / 3, 1 / 3, 0.0)])
def test_no_draw_falls_to_an_edge_of_probability_zero(weights: tuple[float, ...]) -> None:
    class Extreme(Random):
        """Draws what rounding is worst for: the bounds themselves and the largest number below 1."""

        draws = [0.0, *cumulative(weights)[:-1], 1 - 2**-53]

        def random(self) -> float:
            return self.draws.pop() if self.draws[-1] < 1 else self.draws.pop() - 2**-53

    random = Extreme()
    choose = GenericProbability(weights).chooser(random)
    assert all(weights[choose()] > 0 for _ in range(len(weights) + 1))


def test_a_gaussian_duration_never_runs_backwards() -> None:
    draw = GaussianDuration(1, 5).drawer(Random(1))
    drawn = [draw() for _ in range(2_000)]
    assert min(drawn) == 0
    assert max(drawn) > MINUTE_US


def test_a_uniform_duration_stays_between_its_bounds_and_has_fractions() -> None:
    draw = UniformDuration(1, 2).drawer(Random(1))
    drawn = [draw() for _ in range(2_000)]
    assert MINUTE_US <= min(drawn) < max(drawn) <= 2 * MINUTE_US
    assert any(value % 1_000_000 for value in drawn)
