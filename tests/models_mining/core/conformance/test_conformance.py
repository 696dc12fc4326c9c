"""Conformance of cases and logs with a net: sums over the prefix tree, equal to pm4py's batch functions."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.conformance import case_conformance, fitness, generalization, precision, simplicity
from models_mining.core.conformance.case_fit import Deviation
from models_mining.core.conformance.quality import eventually_enabled
from models_mining.core.discovery.pm4py_bridge.frames import frame
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.discovery.pm4py_bridge.nets import from_pm4py, to_pm4py
from models_mining.core.drawing.nets import Net, Transition
from models_mining.core.live_log import LiveLog, LoggedEvent
from models_mining.core.replay import ExactReplay, TokenReplay
from tests.models_mining.core.nets import NET, nets
from tests.models_mining.core.sample_logs import read, sample_logs
from tests.models_mining.core.strategies import Stored, fed, in_order


def assert_equal_to_pm4py(log: LiveLog, events: list[LoggedEvent], net: Net) -> None:
    """All four figures, over the closed cases."""
    pm4py = load()
    closed = frame(event for event in events if log.cases[event.case].closed)
    batch = pm4py.fitness_token_based_replay(closed.copy(), *to_pm4py(net))
    replay = TokenReplay(net)
    ours = fitness(log, replay)
    for name in ("percentage_of_fitting_traces", "average_trace_fitness", "log_fitness"):
        assert getattr(ours, name) == pytest.approx(batch[name], abs=1e-9)
    assert ours.cases == closed["case:concept:name"].nunique()
    assert precision(log, replay) == pytest.approx(
        pm4py.precision_token_based_replay(closed.copy(), *to_pm4py(net)), abs=1e-9
    )
    assert generalization(log, replay) == pytest.approx(
        pm4py.generalization_tbr(closed.copy(), *to_pm4py(net)), abs=1e-9
    )
    assert simplicity(net) == pytest.approx(pm4py.simplicity_petri_net(*to_pm4py(net)), abs=1e-9)


@pytest.mark.parametrize("path", sample_logs())
def test_the_four_figures_equal_pm4py_on_the_closed_cases(path: Path | None) -> None:
    pm4py = load()
    events = read(path)
    last = [event.activity for event in in_order(events)][-1]
    log = LiveLog(end_activities={last})
    log.learn_sorted(in_order(events))
    mined: list[Any] = [
        pm4py.discover_petri_net_heuristics(frame(events)),
        pm4py.discover_petri_net_inductive(frame(events), noise_threshold=0.2),
        pm4py.discover_petri_net_alpha(frame(events[: len(events) // 2])),  # lacks activities, perhaps
    ]
    for found in mined:
        net = from_pm4py(*found)
        assert_equal_to_pm4py(log, events, net)
        ours, exact = fitness(log, TokenReplay(net)), fitness(log, ExactReplay(net))
        assert exact.fitting + exact.undecided + exact.unknown >= ours.fitting
        assert exact.cases == ours.cases


@settings(max_examples=40, deadline=None)
@given(net=nets(), variants=st.lists(st.text("abcdx", min_size=1, max_size=5), min_size=1, max_size=5))
def test_the_four_figures_equal_pm4py_on_any_net_and_log(net: Net, variants: list[str]) -> None:
    events = [
        LoggedEvent(number * 10 + place, f"case {number}", activity, place, place)
        for number, variant in enumerate([*variants, variants[0]])
        for place, activity in enumerate(variant)
    ]
    log = LiveLog(end_activities="abcdx")
    fed(log, events, Stored(events))
    assert_equal_to_pm4py(log, events, net)


def test_open_cases_count_with_what_they_have_come_to_where_all_cases_are_asked_for() -> None:
    events = [LoggedEvent(n, case, activity, n, n) for n, (case, activity) in enumerate(["1a", "1b", "1d", "2a", "3b"])]
    log = fed(LiveLog(end_activities={"d"}), events, Stored())
    replay = ExactReplay(NET)
    closed, everything = fitness(log, replay), fitness(log, replay, cases="all")
    assert (closed.cases, closed.fitting, closed.left_out) == (1, 1, 0)
    assert (everything.cases, everything.fitting) == (3, 2)  # "b" lacks its "a"
    assert everything.average_trace_fitness == pytest.approx((1 + 1 + 0) / 3)
    short = fed(LiveLog(end_activities={"d"}, max_depth=2), events, Stored(events))
    assert fitness(short, replay).left_out == 1
    assert fitness(LiveLog(), replay).log_fitness == 0.0


def test_a_case_is_told_its_deviations_from_the_first_on() -> None:
    log = fed(
        LiveLog(), [LoggedEvent(n, "c", activity, n, n) for n, activity in enumerate(["a", "a", "x", "b"])], Stored()
    )
    node = log.cases["c"].node
    assert node is not None
    fit = case_conformance(ExactReplay(NET), node)
    assert (fit.fits, fit.missing, fit.remaining, fit.unknown) == (False, 1, 0, ("x",))
    assert fit.first_deviation == Deviation(1, "a", 1)
    assert fit.deviations == (Deviation(1, "a", 1), Deviation(2, "x", 0))
    assert fit.fitness == pytest.approx(1 - 1 / 3)
    fine = case_conformance(ExactReplay(NET), ["a", "b"], closed=True)
    assert (fine.fits, fine.fitness, fine.first_deviation) == (True, 1.0, None)
    ended_early = case_conformance(ExactReplay(NET), ["a"], closed=True)
    assert (ended_early.fits, ended_early.missing, ended_early.remaining) == (False, 1, 2)


def test_precision_is_not_known_where_silent_transitions_make_tokens_without_end() -> None:
    net = Net(("p", "q"), (Transition("a", ((0, 1),), ()), Transition(None, (), ((1, 1),))), ((0, 1),), ())
    assert eventually_enabled(net, net.initial) is None
    log = fed(LiveLog(end_activities={"a"}), [LoggedEvent(1, "c", "a", 1, 1)], Stored())
    assert precision(log, TokenReplay(net)) is None
