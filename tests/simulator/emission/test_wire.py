"""Events as text: put together by hand for speed, and the same as the plain way."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simulator.emission.wire import five_keys, five_keys_json, timestamp
from simulator.errors import SimulatorError
from simulator.world.event import Event

FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999  # of the years 1 and 9999
texts = st.text(st.characters(codec="utf-8"))


@given(st.integers(FIRST_US, LAST_US))
@example(FIRST_US)
@example(LAST_US)
@example(-1)
def test_a_timestamp_is_that_of_datetime(at_us: int) -> None:
    event = Event("c", "a", "n", "g", at_us, False)
    assert timestamp(at_us) == event.at.isoformat(" ", "seconds")[:19]


@given(texts, texts, texts, texts)
@example('"', "\\", "\0\n", "ä✓😀\u2028")
def test_the_text_of_an_event_is_that_of_the_json_module(case: str, activity: str, node: str, group: str) -> None:
    event = Event(case, activity, node, group, 1_778_051_289_999_999, True)
    assert five_keys_json(event) == json.dumps(five_keys(event))


@pytest.mark.parametrize("at_us", [FIRST_US - 1, LAST_US + 1, 10**30, -(10**30)])
def test_a_moment_that_no_calendar_holds_is_a_clear_error(at_us: int) -> None:
    with pytest.raises(SimulatorError, match="the durations are too long"):
        timestamp(at_us)
