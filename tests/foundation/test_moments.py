"""Moments and durations as numbers and in words."""

import doctest
from datetime import UTC, datetime

import pytest

from foundation import moments
from foundation.moments import duration, exact_duration, microseconds, moment, read_duration, retry_after_s


def test_the_examples_are_true() -> None:
    assert doctest.testmod(moments).failed == 0


@pytest.mark.parametrize("seconds", [0, 1, 59, 60, 3_600, 86_399, 90_061, 366 * 86_400])
def test_an_exact_duration_is_read_back(seconds: int) -> None:
    assert read_duration(exact_duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "5", "min", "-5 s", "5 s x", "1e9 s", "1" * 5000 + " s"])
def test_other_texts_are_no_duration(text: str) -> None:
    assert read_duration(text) is None


def test_a_duration_to_read_has_two_units_at_most() -> None:
    assert [duration(seconds) for seconds in (90_061, 86_460, 3_600)] == ["1 d 1 h", "1 d", "1 h"]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00", "1969-12-31T23:59:59.999999", "9999-12-31T23:59:59.999999"])
def test_a_moment_survives_as_microseconds(at: str) -> None:
    aware = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert moment(microseconds(aware)) == aware


@pytest.mark.parametrize("header", ["9" * 5000, "Fri, 02 Jan 99999 10:01:00 GMT", "Fri, 02 Jan 2026 10:01:00 +9999"])
def test_a_retry_after_of_any_size_raises_nothing(header: str) -> None:
    assert (retry_after_s(header) or 0) < 10**9
