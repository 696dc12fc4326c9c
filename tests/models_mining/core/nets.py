"""Nets and traces for tests of replay."""

from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import strategies as st

from models_mining.core.drawing.nets import Marking, Net, Transition

LABELS = "abcd"

# a, then b and c in parallel (c may be left out, or be done again), then d or nothing
NET = Net(
    places=("p0 start", "p1 before b", "p2 before c", "p3 after b", "p4 after c", "p5 joined", "p6 end"),
    transitions=(
        Transition("a", ((0, 1),), ((1, 1), (2, 1))),
        Transition("b", ((1, 1),), ((3, 1),)),
        Transition("c", ((2, 1),), ((4, 1),)),
        Transition("d", ((5, 1),), ((6, 1),)),
        Transition(None, ((2, 1),), ((4, 1),)),  # c left out
        Transition(None, ((4, 1),), ((2, 1),)),  # c again
        Transition(None, ((3, 1), (4, 1)), ((5, 1),)),  # joined
        Transition(None, ((5, 1),), ((6, 1),)),  # d left out
    ),
    initial=((0, 1),),
    final=((6, 1),),
)


def chain(labels: Iterable[str | None]) -> Net:
    """One transition after the other."""
    made = tuple(Transition(label, ((at, 1),), ((at + 1, 1),)) for at, label in enumerate(labels))
    return Net(tuple(f"p{at:06}" for at in range(len(made) + 1)), made, ((0, 1),), ((len(made), 1),))


@st.composite
def nets(draw: st.DrawFn) -> Net:
    """Any net with a transition for each of some labels, arc weights, and silent transitions that make no tokens."""
    places = draw(st.integers(2, 6))
    arcs = st.dictionaries(st.integers(0, places - 1), st.sampled_from([1, 1, 1, 2]), min_size=1, max_size=2)

    def pairs(tokens: dict[int, int]) -> Marking:
        return tuple(sorted(tokens.items()))

    labelled = [
        Transition(label, pairs(draw(arcs)), pairs(draw(arcs))) for label in LABELS[: draw(st.integers(1, len(LABELS)))]
    ]
    silent = [Transition(None, pairs(draw(arcs)), pairs(draw(arcs))) for _ in range(draw(st.integers(0, 5)))]
    silent = [one for one in silent if sum(n for _, n in one.produces) <= sum(n for _, n in one.consumes)]
    return Net(
        tuple(f"p{place}" for place in range(places)),
        (*labelled, *silent),
        pairs(draw(arcs)),
        pairs(draw(arcs)),
    )


@st.composite
def sound_nets(draw: st.DrawFn) -> Net:
    """Blocks in blocks: sequences, choices, parallel branches, loops, steps left out; every run can come to its end.

    Labels may stand in several places.
    """
    count = 2
    transitions: list[Transition] = []

    def place() -> int:
        nonlocal count
        count += 1
        return count - 1

    def block(begin: int, end: int, depth: int) -> None:
        kind = draw(st.sampled_from(["leaf", "sequence", "choice", "parallel", "loop"] if depth else ["leaf"]))
        if kind == "leaf":
            label = draw(st.sampled_from([*LABELS, None]))
            transitions.append(Transition(label, ((begin, 1),), ((end, 1),)))
        elif kind == "sequence":
            middle = place()
            block(begin, middle, depth - 1)
            block(middle, end, depth - 1)
        elif kind == "choice":
            block(begin, end, depth - 1)
            block(begin, end, depth - 1)
        elif kind == "parallel":
            starts, ends = [place(), place()], [place(), place()]
            transitions.append(Transition(None, ((begin, 1),), tuple((at, 1) for at in starts)))
            transitions.append(Transition(None, tuple((at, 1) for at in ends), ((end, 1),)))
            for one, other in zip(starts, ends, strict=True):
                block(one, other, depth - 1)
        else:
            first, last = place(), place()
            transitions.append(Transition(None, ((begin, 1),), ((first, 1),)))
            transitions.append(Transition(None, ((last, 1),), ((end, 1),)))
            block(first, last, depth - 1)
            block(last, first, depth - 1)

    block(0, 1, 3)
    return Net(tuple(f"p{at:02}" for at in range(count)), tuple(transitions), ((0, 1),), ((1, 1),))


def traces(labels: str = LABELS + "x", max_size: int = 6) -> st.SearchStrategy[Sequence[str]]:
    """Activities in any order; the net may lack one of them."""
    return st.lists(st.sampled_from(labels), min_size=1, max_size=max_size).map(tuple)


def names(tokens: Any) -> dict[str, int]:
    """A pm4py marking by place names."""
    return {place.name: n for place, n in tokens.items()}


def named(net: Net, marking: Marking) -> dict[str, int]:
    """Our marking by place names."""
    return {net.places[place]: n for place, n in marking}
