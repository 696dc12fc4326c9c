"""JSON pointers as RFC 6901 has them."""

import doctest
from typing import Any

import pytest

from foundation import json_pointers
from foundation.json_pointers import path_of, step, value_at

DOCUMENT = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "m~n": 8, " ": 7}  # of section 5


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("", DOCUMENT), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1), ("/m~0n", 8), ("/ ", 7), ("/foo/2", None)],
)
def test_a_pointer_leads_where_the_standard_says(pointer: str, value: Any) -> None:
    assert value_at(DOCUMENT, path_of(pointer)) == value


def test_what_is_written_is_read_back() -> None:
    for name in (*DOCUMENT, "~1", "~01", 3):
        assert path_of(step(name)) == (str(name),)


def test_the_examples_hold() -> None:
    assert doctest.testmod(json_pointers).failed == 0
