"""Durations of an edge: taken down first, folded in later, and nobody can tell."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.counting.edge import FRESH, Edge
from models_mining.core.counting.sketch import Sketch

durations = st.one_of(st.integers(0, 300), st.integers(0, 2**42), st.integers(2**49, 2**60))


@settings(max_examples=50, deadline=None)
@given(
    some=st.lists(durations, min_size=1, max_size=120),
    times=st.integers(1, FRESH // 40),
    looks=st.sets(st.integers(0, 500)),
)
def test_sums_and_sketch_are_those_of_the_durations_whenever_one_looks(
    some: list[int], times: int, looks: set[int]
) -> None:
    added = some * times
    edge, sketch = Edge(), Sketch()
    for place, us in enumerate(added):
        edge.add(us)
        sketch.add(us)
        if place in looks:
            assert edge.sum_us == sum(added[: place + 1])
    assert (edge.count, edge.sum_us, edge.squares_us2) == (len(added), sum(added), sum(us * us for us in added))
    assert edge.sketch.buckets == sketch.buckets
    assert len(edge.fresh) == 0


def test_what_waits_to_be_folded_in_is_bounded() -> None:
    edge = Edge()
    for us in range(3 * FRESH):
        edge.add(us)
        assert len(edge.fresh) < FRESH
    assert edge.sketch.quantile(1) == edge.durations().max_s * 10**6


def test_what_was_just_added_can_be_taken_out_and_is_told() -> None:
    edge = Edge()
    for us in (5, 7, 9):
        edge.add(us)
    edge.remove(7)
    assert (edge.count, edge.sum_us, edge.durations().mean_s) == (2, 14, 7e-6)
    edge.add(10**6)
    assert edge.durations().max_s > 0.99
