"""Petri nets as plain values."""

import json

import pytest

from models_mining.core.drawing.nets import Net, NetError, Transition

NET = Net(
    places=("source", "a done", "sink"),
    transitions=(Transition("a", ((0, 1),), ((1, 2),)), Transition(None, ((1, 2),), ((2, 1),))),
    initial=((0, 1),),
    final=((2, 1),),
)


def test_a_net_survives_json() -> None:
    assert Net.from_data(json.loads(json.dumps(NET.to_data()))) == NET


@pytest.mark.parametrize(
    ("member", "wrong"),
    [
        ("initial", [[3, 1]]),
        ("initial", [[-1, 1]]),
        ("final", [[2, 0]]),
        ("final", [[2, 1], [2, 1]]),
        ("transitions", [["a", [[0, 1]]]]),
        ("transitions", [["a", [[9, 1]], []]]),
        ("places", None),
    ],
)
def test_what_is_no_net_is_refused(member: str, wrong: object) -> None:
    with pytest.raises(NetError):
        Net.from_data({**NET.to_data(), member: wrong})
    with pytest.raises(NetError):
        Net.from_data({})
