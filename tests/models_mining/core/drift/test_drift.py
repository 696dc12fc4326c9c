"""Changes are found soon after they begin, told rightly, and not where nothing changed."""

import json
import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.drift.detector import BLOCK, Change, DriftDetector
from models_mining.core.drift.drift_observer import DriftObserver
from models_mining.core.drift.windows import Bucket, Mark, Moments, Window
from models_mining.core.live_log import LiveLog, LoggedEvent, Turns, learn_observed

SECOND_US = 10**6


def orders(seed: int, cases: int, changes_at: int | None = None, **new: Any) -> tuple[list[LoggedEvent], int]:
    """Cases that overlap; from case ``changes_at`` on with ``new`` values. Also the number of the first one's event."""
    chance = random.Random(seed)
    rows = []
    for number in range(cases):
        changed = changes_at is not None and number >= changes_at
        values = {"reject": 0.2, "check": 0.5, "mean_s": 60.0, "audit": 0.0} | (new if changed else {})
        path = ["register"]
        if chance.random() < values["check"]:
            path.append("check")
        if chance.random() < values["audit"]:
            path.append("audit")
        path += ["reject" if chance.random() < values["reject"] else "pay", "end"]
        at_us = number * 20 * SECOND_US
        for activity in path:
            rows.append((at_us, f"case {number}", activity))
            at_us += int(chance.expovariate(1 / values["mean_s"]) * SECOND_US)
    rows.sort()
    events = [
        LoggedEvent(seq, case, activity, at_us, at_us) for seq, (at_us, case, activity) in enumerate(rows, start=1)
    ]
    return events, next((event.seq for event in events if event.case == f"case {changes_at}"), 0)


def observed(events: list[LoggedEvent], detector: DriftDetector | None = None) -> list[Change]:
    log, observer = LiveLog(end_activities=["end"]), DriftObserver(detector or DriftDetector())
    turns = log.journal = Turns()
    for event in events:
        learn_observed(log, event, None, [observer], turns)
    return observer.found


def told(change: Change) -> dict[tuple[str, str], str]:
    return {(edge["source"], edge["target"]): edge["kind"] for edge in change.edges}


def test_a_sudden_change_of_what_comes_next_is_found_and_dated() -> None:
    events, began = orders(1, 4000, 2000, reject=0.5)
    (change,) = observed(events)
    assert began <= change.found.seq < began + 1000
    assert abs(change.began.seq - began) <= 3 * BLOCK
    assert (
        told(change).items()
        <= {
            ("register", "reject"): "rose",
            ("register", "pay"): "fell",
            ("check", "reject"): "rose",
            ("check", "pay"): "fell",
        }.items()
    )
    assert len(told(change)) >= 2
    assert change.duration is None
    for edge in change.edges:
        assert edge["after"] / edge["before"] == pytest.approx(2.5 if edge["target"] == "reject" else 0.625, rel=0.2)
    assert sum(change.before.values()) == pytest.approx(change.began.seq * 1.2, rel=0.1)  # a case's end is a step, too
    (found_then,) = observed(events[: change.found.seq])
    assert found_then == change


def test_steps_that_are_new_or_gone_are_told_so() -> None:
    events, began = orders(2, 4000, 2000, check=0.0, audit=0.4)
    first, *others = observed(events)
    kinds = told(first)
    assert began <= first.found.seq < began + 1000
    assert kinds["register", "check"] == "vanished"
    assert kinds["register", "audit"] == "appeared"
    assert others == []


def test_longer_cases_are_found() -> None:
    events, began = orders(3, 4000, 2000, mean_s=150.0)
    first, *others = observed(events)
    assert began <= first.found.seq < began + 2500
    assert first.duration is not None
    assert first.duration["after_s"] > 1.5 * first.duration["before_s"]
    assert first.edges == []
    assert all(other.duration for other in others)  # the rest of a change that came slowly, as old cases ended


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_found_where_nothing_changes(seed: int) -> None:
    events, _ = orders(10 + seed, 6000)
    assert observed(events) == []


def test_restored_it_finds_the_same() -> None:
    events, _ = orders(1, 3000, 2000, reject=0.5, mean_s=150.0)
    whole = observed(events)
    log, observer = LiveLog(end_activities=["end"]), DriftObserver(DriftDetector())
    turns = log.journal = Turns()
    for event in events:
        if event.seq % 777 == 0:
            state = json.loads(json.dumps(observer.detector.to_state()))
            observer.detector = DriftDetector.from_state(state)
        learn_observed(log, event, None, [observer], turns)
    assert observer.found == whole
    assert whole


def test_memory_is_bounded_by_edges_that_are_watched() -> None:
    detector = DriftDetector()
    for n in range(1, 5001):
        detector.step(str(n), str(n + 1))
        detector.due(Mark(n, n, n))
    assert detector.untracked == 3000


@settings(max_examples=40, deadline=None)
@given(blocks=st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=4), min_size=1, max_size=200))
def test_a_window_forgets_no_count_and_holds_few_buckets(blocks: list[list[int]]) -> None:
    window = Window()
    for seq, block in enumerate(blocks, start=1):
        values = Moments()
        values.add(float(seq))
        window.add(Bucket(np.bincount(block), values, Mark(seq, seq, seq)))
    window = Window.from_state(json.loads(json.dumps(window.to_state())))
    total: Counter[int] = Counter()
    for bucket in window.buckets:
        total.update({number: int(n) for number, n in enumerate(bucket.counts) if n})
    assert total == Counter(number for block in blocks for number in block)
    assert sum(1 << bucket.level for bucket in window.buckets) == len(blocks)
    assert [bucket.end.seq for bucket in window.buckets] == sorted(bucket.end.seq for bucket in window.buckets)
    assert sum(bucket.values.n for bucket in window.buckets) == len(blocks)
    assert len(window.buckets) <= 8 * 8
    before, after = window.counts(6)
    if len(window.buckets) > 1:
        assert ((before + after) == [total[number] for number in range(6)]).all()
