"""Nets in canonical form: independent of names and order; compared with one another, drawn and read back."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.discovery.pm4py_bridge.nets import from_pm4py, to_pm4py
from models_mining.core.drawing.canonical import canonical
from models_mining.core.drawing.net_drawing import draw_net
from models_mining.core.drawing.nets import Net, Transition
from models_mining.core.drawing.structure import net_differences

CHOICE = Net(  # register, then check or a silent step, then pay twice as many
    places=("p0", "p1", "p2", "p3"),
    transitions=(
        Transition("register", ((0, 1),), ((1, 1),)),
        Transition("check", ((1, 1),), ((2, 1),)),
        Transition(None, ((1, 1),), ((2, 1),)),
        Transition("pay", ((2, 1),), ((3, 2),)),
    ),
    initial=((0, 1),),
    final=((3, 2),),
)


@st.composite
def nets(draw: st.DrawFn) -> Net:
    """Small nets, with equal labels, silent transitions and parts that look alike."""
    places = draw(st.integers(1, 5))
    pairs = st.dictionaries(st.integers(0, places - 1), st.integers(1, 2), max_size=3).map(
        lambda found: tuple(sorted(found.items()))
    )
    transitions = draw(
        st.lists(st.builds(Transition, st.sampled_from(["a", "b", None, None]), pairs, pairs), max_size=6)
    )
    return Net(tuple(f"p{n}" for n in range(places)), tuple(transitions), draw(pairs), draw(pairs))


def shuffled(net: Net, seed: int) -> Net:
    """The same net with other names and in another order."""
    chance = random.Random(seed)
    new = list(range(len(net.places)))
    chance.shuffle(new)

    def moved(pairs: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        return tuple(sorted((new[place], count) for place, count in pairs))

    transitions = [Transition(label, moved(takes), moved(gives)) for label, takes, gives in net.transitions]
    chance.shuffle(transitions)
    names = tuple(f"{chance.random()}" for _ in net.places)
    return Net(names, tuple(transitions), moved(net.initial), moved(net.final))


def test_places_are_named_after_the_activities_around_them() -> None:
    net = canonical(CHOICE)
    assert set(net.places) == {"→ register", "register → check, pay", "check, register → pay", "pay →"}


@settings(max_examples=60, deadline=None)
@given(net=nets(), seed=st.integers(0, 9))
def test_names_and_order_leave_no_trace(net: Net, seed: int) -> None:
    other = shuffled(net, seed)
    assert net_differences(draw_net(canonical(net)), other) == []
    made = canonical(net)
    assert canonical(made) == made == canonical(other)
    assert len(set(made.places)) == len(made.places)


@settings(max_examples=60, deadline=None)
@given(net=nets())
def test_a_net_survives_pm4py_and_being_drawn(net: Net) -> None:
    made = canonical(net)
    assert from_pm4py(*to_pm4py(net)) == made
    drawing = draw_net(made)
    assert Net.from_data(drawing["net"]) == made
    ids = [node["id"] for node in drawing["nodes"]]
    assert len(set(ids)) == len(ids)
    assert len({(edge["s"], edge["t"]) for edge in drawing["edges"]}) == len(drawing["edges"])
    assert drawing["at"] == [[node["id"]] for node in drawing["nodes"] if node["type"] == "place"]


def test_a_picture_with_numbers_for_ids_is_compared_by_its_structure() -> None:
    drawing = draw_net(canonical(CHOICE))
    number = {node["id"]: n for n, node in enumerate(drawing["nodes"])}
    picture = {
        "nodes": [{**node, "id": number[node["id"]], "v": 1} for node in drawing["nodes"]],
        "edges": [{**edge, "s": number[edge["s"]], "t": number[edge["t"]]} for edge in drawing["edges"]],
    }
    assert net_differences(picture, CHOICE) == []


def test_every_kind_of_difference_is_told() -> None:
    register, check, skip, pay = CHOICE.transitions
    for other, said in [
        (CHOICE._replace(transitions=(register, check, pay)), "node silent: 1 live, 0 in batch"),
        (
            CHOICE._replace(transitions=(register, check, skip, Transition("pay", ((2, 1),), ((3, 1),)))),
            "edge transition pay → place",
        ),
        (CHOICE._replace(initial=((0, 2),)), "node place (initial 1): 1 live, 0 in batch"),
        (CHOICE._replace(final=()), "node place: 2 live, 3 in batch"),
    ]:
        told = net_differences(draw_net(canonical(CHOICE)), other)
        assert told
        assert told[0].startswith(said)


def test_nets_of_the_same_parts_put_together_otherwise_differ() -> None:
    def ring(*lengths: int) -> Net:
        transitions: list[Transition] = []
        for length in lengths:
            first = len(transitions)
            transitions += [Transition("a", ((first + n, 1),), ((first + (n + 1) % length, 1),)) for n in range(length)]
        first = len(transitions)
        return Net(tuple(f"p{n}" for n in range(first)), tuple(transitions), (), ())

    assert net_differences(draw_net(canonical(ring(3, 3))), ring(3, 3)) == []
    (told,) = net_differences(draw_net(canonical(ring(3, 3))), ring(6))
    assert "put together otherwise" in told
