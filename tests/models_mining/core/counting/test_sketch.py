"""The sketch of durations: quantiles within its error, and values that can be taken out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_mining.core.counting.sketch import RELATIVE_ERROR, Sketch, bucket_of, value_of

durations = st.one_of(st.integers(0, 200), st.integers(0, 10**7), st.integers(0, 10**17))


def sketched(values: list[int]) -> Sketch:
    sketch = Sketch()
    for us in values:
        sketch.add(us)
    return sketch


@given(values=st.lists(durations, min_size=1), q=st.floats(0, 1))
def test_every_quantile_is_within_one_percent_of_numpys(values: list[int], q: float) -> None:
    exact = float(np.quantile(np.array(values, dtype=np.float64), q))
    assert sketched(values).quantile(q) == pytest.approx(exact, rel=RELATIVE_ERROR + 1e-9, abs=1e-6)
    assert RELATIVE_ERROR < 0.01


@given(us=durations)
def test_a_value_is_in_the_bucket_whose_middle_is_near(us: int) -> None:
    assert abs(value_of(bucket_of(us)) - us) <= RELATIVE_ERROR * us
    assert list(sketched([us]).buckets) == [bucket_of(us)]
    assert bucket_of(us + 1) in (bucket_of(us), bucket_of(us) + 1)


def test_zero_and_what_is_shorter_than_a_tenth_of_a_millisecond_is_exact() -> None:
    assert [value_of(bucket_of(us)) for us in range(128)] == list(range(128))


@given(values=st.lists(durations), gone=st.lists(durations))
def test_what_is_taken_out_leaves_no_trace(values: list[int], gone: list[int]) -> None:
    sketch = sketched([*gone, *values])
    for us in gone:
        sketch.remove(us)
    assert sketch.buckets == sketched(values).buckets


@given(here=st.lists(durations), there=st.lists(durations))
def test_merged_sketches_are_as_one(here: list[int], there: list[int]) -> None:
    sketch = sketched(here)
    sketch.merge(sketched(there))
    assert sketch.buckets == sketched([*here, *there]).buckets


def test_a_value_counts_as_often_as_it_is_said() -> None:
    sketch = Sketch()
    sketch.add(5_000, times=3)
    sketch.remove(5_000, times=2)
    assert sketch.buckets == {bucket_of(5_000): 1}


def test_what_was_never_added_cannot_be_removed_and_nothing_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="cannot be removed"):
        sketched([7]).remove(8)
    with pytest.raises(ValueError, match="empty"):
        Sketch().quantile(0.5)
