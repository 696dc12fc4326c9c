"""Conformance with rules, footprints and times: equal to pm4py in the end, and no false alarm before."""

from collections import Counter
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.conformance import declare, footprints, log_skeleton, temporal_profile
from models_mining.core.conformance.breaches import Breach
from models_mining.core.discovery import ALGORITHMS
from models_mining.core.discovery.pm4py_bridge import frame
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.discovery.pm4py_bridge.traces import event_log
from models_mining.core.live_log import LiveLog, LoggedEvent, Step
from tests.models_mining.core.strategies import Stored, fed

TRACES = st.lists(st.sampled_from("abc"), max_size=6).map(tuple)
UNARY = ("existence", "absence", "exactly_one", "init")
TEMPLATES = sorted(declare._OF_ONE) + sorted(declare._OF_TWO)
CONSTRAINTS = [
    (template, pair[:1] if template in UNARY else pair) for template in TEMPLATES for pair in (("a", "b"), ("b", "a"))
]
RELATIONS = ("equivalence", "always_after", "always_before", "directly_follows", "never_together")


def learnt(traces: list[tuple[str, ...]]) -> LiveLog:
    """A log of these cases."""
    steps = [(case, activity) for case, trace in enumerate(traces) for activity in trace]
    events = [LoggedEvent(seq, f"{case:03}", activity, seq, seq) for seq, (case, activity) in enumerate(steps, start=1)]
    return fed(LiveLog(), events, Stored(events))


def pm4py_declare(trace: tuple[str, ...]) -> set[tuple[str, tuple[str, ...]]]:
    load()
    from pm4py.algo.conformance.declare.variants import classic

    model: dict[str, dict[Any, Any]] = {}
    for template, about in CONSTRAINTS:
        model.setdefault(template, {})[about if len(about) > 1 else about[0]] = {}
    (found,) = classic.apply_list([list(trace)], model)
    return {(rule, about if isinstance(about, tuple) else (about,)) for rule, about in found["deviations"]}


def of_declare(trace: tuple[str, ...], *, closed: bool) -> list[Breach]:
    return declare.deviations(CONSTRAINTS, trace, closed=closed)


SKELETON = {(a,): [0, 2] if a == "a" else [1] for a in "ab"} | {
    pair: list(RELATIONS) for pair in product("ab", repeat=2) if pair[0] != pair[1]
}


def pm4py_skeleton(trace: tuple[str, ...]) -> set[tuple[str, tuple[str, ...]]]:
    load()
    from pm4py.algo.conformance.log_skeleton.variants import classic

    model: dict[str, Any] = {name: {pair for pair in SKELETON if len(pair) == 2} for name in RELATIONS}
    model["activ_freq"] = {about[0]: set(often) for about, often in SKELETON.items() if len(about) == 1}
    result = classic.apply_actlist(trace, model)
    found = {
        (rule, pair if rule != "activ_freq" else pair[:1])
        for rule, about in result["deviations"]
        for pair in ([about] if rule == "activ_freq" else about)
    }
    assert len(found) == result["no_dev_total"]
    return found


def of_skeleton(trace: tuple[str, ...], *, closed: bool) -> list[Breach]:
    return log_skeleton.deviations(SKELETON, trace, closed=closed)


def rules(breaches: list[Breach], *, pending: bool = False) -> set[tuple[str, tuple[str, ...]]]:
    assert len({(one.rule, one.activities) for one in breaches}) == len(breaches)
    return {(one.rule, one.activities) for one in breaches if one.pending is pending}


@pytest.mark.parametrize(("ours", "batch"), [(of_declare, pm4py_declare), (of_skeleton, pm4py_skeleton)])
@settings(max_examples=50, deadline=None)
@given(trace=TRACES)
def test_in_the_end_the_same_rules_are_broken_as_in_pm4py(
    ours: Callable[..., list[Breach]], batch: Callable[..., Any], trace: tuple[str, ...]
) -> None:
    assert rules(ours(trace, closed=True)) == batch(trace)
    assert not rules(ours(trace, closed=True), pending=True)


@pytest.mark.parametrize("ours", [of_declare, of_skeleton])
@settings(max_examples=30, deadline=None)
@given(trace=TRACES)
def test_a_running_case_has_broken_what_no_continuation_mends_and_nothing_else(
    ours: Callable[..., list[Breach]], trace: tuple[str, ...]
) -> None:
    now = rules(ours(trace, closed=True))
    ends = [
        rules(ours((*trace, *more), closed=True)) for length in range(5) for more in product("abz", repeat=length)
    ]  # "z" stands for anything else
    broken_anyway = set.intersection(*ends)
    running = ours(trace, closed=False)
    skeleton_counts = {rule for rule in broken_anyway if rule[0] == "equivalence"}  # mended by longer continuations
    assert rules(running) == broken_anyway - skeleton_counts
    assert rules(running, pending=True) == now - rules(running)
    assert all(one.sentence.endswith(" so far") is one.pending for one in running)


@settings(max_examples=40, deadline=None)
@given(reference=st.lists(TRACES.filter(bool), min_size=1, max_size=4), trace=TRACES.filter(bool))
def test_footprints_are_kept_or_broken_as_in_pm4py(reference: list[tuple[str, ...]], trace: tuple[str, ...]) -> None:
    load()
    from pm4py.algo.conformance.footprints.variants import trace_extensive
    from pm4py.algo.discovery.footprints.log.variants import entire_event_log as entire_log
    from pm4py.algo.discovery.footprints.log.variants import trace_by_trace

    read = footprints.read(ALGORITHMS["footprints"].derive(learnt(reference)))
    (batch,) = trace_extensive.apply(trace_by_trace.apply(event_log([trace])), entire_log.apply(event_log(reference)))
    broken = footprints.deviations(read, trace, closed=True)
    for rule in ("footprints", "start_activities", "end_activities"):
        single = rule != "footprints"
        assert {one.activities[0] if single else one.activities for one in broken if one.rule == rule} == batch[rule]
    running = footprints.deviations(read, trace, closed=False)
    assert [one for one in running if not one.pending] == [one for one in broken if one.rule != "end_activities"]


@settings(max_examples=12, deadline=None)
@given(
    reference=st.lists(TRACES.filter(bool), min_size=1, max_size=3),
    steps=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), min_size=1, max_size=6),
    zeta=st.sampled_from([0.0, 0.5, 1.0, 6.0]),
)
def test_unusual_times_are_those_pm4py_lists(
    reference: list[tuple[str, ...]], steps: list[tuple[str, int]], zeta: float
) -> None:
    pm4py = load()
    rows = [
        LoggedEvent(number * 10 + place, f"{number}", activity, place * (number + 1) * 10**6, 0)
        for number, trace in enumerate(reference)
        for place, activity in enumerate(trace)
    ]
    profile = pm4py.discover_temporal_profile(frame(rows))
    ordered = sorted((Step(activity, at * 1_500_001) for activity, at in steps), key=lambda step: step.at_us)
    case = [LoggedEvent(seq, "c", activity, at_us, 0) for seq, (activity, at_us) in enumerate(ordered, start=1)]
    found = temporal_profile.deviations(profile, ordered, zeta=zeta)
    if not profile:
        assert found == []
        return
    (batch,) = pm4py.conformance_temporal_profile(frame(case), profile, zeta=zeta)
    assert Counter(one.activities for one in found) == Counter((a, b) for a, b, *_ in batch)


def test_references_are_read_from_drawings() -> None:
    log = learnt([("a", "b", "c"), ("a", "c", "b")])
    read = declare.read(ALGORITHMS["declare"].derive(log))
    assert ("init", ("a",)) in read
    assert declare.deviations(read, ("a", "b", "c"), closed=True) == []
    first, *_ = declare.deviations([("response", ("a", "b"))], ("a",), closed=False)
    assert first == Breach("response", ("a", "b"), "a", "b has not followed a so far", pending=True)
    skeleton = log_skeleton.read(ALGORITHMS["log-skeleton"].derive(log))
    assert log_skeleton.deviations(skeleton, ("a", "c", "b"), closed=True) == []
    assert [
        one.sentence for one in log_skeleton.deviations(skeleton, ("a", "a", "x"), closed=False) if not one.pending
    ] == [
        "a has happened 2 times, not 1",
        "x is not known",
    ]


def test_usual_times_are_read_from_a_drawing() -> None:
    log = LiveLog(track_pairs=True)
    times = [("1", "a", 0), ("1", "b", 4), ("2", "a", 0), ("2", "b", 8)]
    events = [
        LoggedEvent(seq, case, activity, at * 10**6, 0) for seq, (case, activity, at) in enumerate(times, start=1)
    ]
    profile = temporal_profile.read(ALGORITHMS["temporal-profile"].derive(fed(log, events, Stored(events))))
    (mean_s, deviation_s) = profile["a", "b"]
    assert (mean_s, round(deviation_s, 6)) == (6.0, 2.828427)
    late = [Step("a", 0), Step("b", 20 * 10**6)]
    assert temporal_profile.deviations(profile, late) == []
    (said,) = temporal_profile.deviations(profile, late, zeta=1)
    assert said.sentence == "b came 20 s after a, where 6 ± 2.82843 s is usual"
