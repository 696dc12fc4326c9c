"""Whole numbers in texts of strangers."""

import doctest

import pytest

from foundation import numbers
from foundation.numbers import GREATEST, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("7", 7), ("007", 7), (str(GREATEST), GREATEST), (str(GREATEST + 1), None), ("9" * 19, None)],
)
def test_digits_are_a_number_up_to_the_greatest(text: str, number: int | None) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["", " ", "-1", "+1", "1 ", "1.0", "1e3", "0x1", "١٢", "²", "1\n", "1\0", "9" * 5000])
def test_any_other_text_is_none(text: str) -> None:
    assert whole_number(text) is None


def test_a_caller_may_ask_for_less() -> None:
    assert (whole_number("9", 9), whole_number("10", 9)) == (9, None)


def test_the_example_is_true() -> None:
    assert doctest.testmod(numbers).failed == 0
