"""Alignments of one case."""

from models_mining.core.discovery.pm4py_bridge.alignments import Move, align
from models_mining.core.drawing.nets import Net, Transition
from tests.models_mining.core.nets import NET, chain

DEAD_END = Net(("p0", "p1", "p2"), (Transition("a", ((0, 1),), ((1, 1),)),), ((0, 1),), ((2, 1),))


def test_an_alignment_tells_what_was_skipped_and_what_was_too_much() -> None:
    found = align(NET, ["a", "b", "b", "x"], closed=True)
    assert found is not None
    assert [move.kind for move in found.moves].count("silent") == 3
    assert [(move.kind, move.activity) for move in found.moves if move.kind != "silent"] == [
        ("sync", "a"),
        ("sync", "b"),
        ("log", "b"),
        ("log", "x"),
    ]
    assert (found.deviations, found.cost) == (2, 20_003)
    assert align(chain("ab"), ["b"], closed=True) == (
        (Move("model", "a", 0), Move("sync", "b", 1)),
        1,
        10_000,
    )


def test_of_an_open_case_only_what_it_did_is_aligned() -> None:
    found = align(NET, ["a", "b"], closed=False)
    assert found is not None
    assert [move.kind for move in found.moves] == ["sync", "sync"]
    assert found.cost == 0


def test_an_alignment_that_is_worse_at_first_is_found() -> None:
    # "a", "b" leads to p2 at once, and so does a silent step; only after that is there an "a", "b" before the "c"
    steps = [("a", 0, 1), ("b", 1, 2), (None, 0, 2), ("a", 2, 3), ("b", 3, 4), ("c", 4, 5)]
    net = Net(
        tuple(f"p{at}" for at in range(6)),
        tuple(Transition(label, ((source, 1),), ((target, 1),)) for label, source, target in steps),
        ((0, 1),),
        ((5, 1),),
    )
    found = align(net, "abc", closed=True)
    assert found is not None
    assert found.deviations == 0


def test_there_is_none_where_the_final_marking_cannot_be_reached_or_the_time_is_over() -> None:
    assert align(DEAD_END, ["a"], closed=True) is None
    assert align(DEAD_END, ["a"], closed=False) is not None
    assert align(NET, "abc" * 20, closed=True, time_limit_s=0.0) is None
