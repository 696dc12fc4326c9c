"""What a client may send, and what it is told when that is not understood."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.socket import messages
from live.socket.daphne_protocol import small_text
from live.socket.protocol import ProblemError, Subscribe, parse


def test_a_subscription_has_sensible_defaults() -> None:
    assert parse('{"type":"subscribe","log":"orders"}') == Subscribe(log="orders", include=["model"], rate_hz=5.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "truncated"),
        ("{", "truncated"),
        ("[]", "Expected `object`"),
        ("{}", "missing required field `type`"),
        ('{"type":"dance"}', "Invalid value 'dance'"),
        ('{"type":"subscribe"}', "missing required field `log`"),
        ('{"type":"subscribe","log":7}', "$.log"),
        ('{"type":"subscribe","log":"a","rate_hz":1000}', "$.rate_hz"),
        ('{"type":"subscribe","log":"a","rate_hz":NaN}', "malformed"),
        ('{"type":"subscribe","log":"a","include":["secrets"]}', "$.include[0]"),
        ('{"type":"subscribe","log":"a","colour":"red"}', "colour"),
        ('{"type":"ack","sub":1,"version":-1}', "$.version"),
    ],
)
def test_a_mistake_is_answered_with_its_place(text: str, told: str) -> None:
    with pytest.raises(ProblemError) as error:
        parse(text)
    assert told in error.value.problem.detail
    assert error.value.problem.status == 400


@given(st.text(max_size=40) | st.recursive(st.none() | st.text(max_size=5), st.lists, max_leaves=8).map(json.dumps))
def test_no_frame_raises_anything_but_a_problem(text: str) -> None:
    try:
        parse(text)
    except ProblemError as error:
        answer: dict[str, Any] = json.loads(messages.failure(None, error))
        assert answer["problem"]["status"] == 400


@given(text=st.text(max_size=60), mask=st.binary(min_size=4, max_size=4), rest=st.binary(max_size=2))
def test_a_small_frame_is_read_as_autobahn_reads_it_and_any_other_is_left_to_it(
    text: str, mask: bytes, rest: bytes
) -> None:
    payload = text.encode()
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    frame = bytes([0x81, 0x80 | min(len(payload), 126)]) + mask + masked
    whole = not rest and 0 < len(payload) <= 125
    assert small_text(frame + rest) == (payload if whole else None)
    assert small_text(b"\x01" + frame[1:]) is None
    assert small_text(b"\x81\x81" + mask + bytes([0xFF ^ mask[0]])) is None  # no UTF-8


def test_a_deeply_nested_frame_is_a_problem() -> None:
    with pytest.raises(ProblemError):
        parse('{"type":"subscribe","log":' + "[" * 30_000 + "]" * 30_000 + "}")
