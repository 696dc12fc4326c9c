"""Petri nets between pm4py and here."""

from collections.abc import Iterable, Iterator, MutableSet
from typing import Any

from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.drawing.canonical import canonical
from models_mining.core.drawing.nets import Marking, Net, NetError, Transition


def from_pm4py(net: Any, initial: Any, final: Any) -> Net:
    """A pm4py net with its markings, in canonical form: pm4py's names and order leave no trace.

    A reset or an inhibitor arc is a NetError: nothing here replays them.
    """
    return canonical(numbered(net, initial, final)[0])


def numbered(net: Any, initial: Any, final: Any) -> tuple[Net, list[Any]]:
    """The same, in no order one could rely on, with pm4py's places in the order of the net's."""
    number = {place: at for at, place in enumerate(net.places)}
    for arc in net.arcs:
        kind = arc.properties.get("arctype")
        if kind not in (None, "normal"):
            raise NetError(f"this net has an arc of type {kind!r}: only plain arcs are understood")

    def pairs(arcs: Any, end: str) -> Marking:
        weights: dict[int, int] = {}
        for arc in arcs:
            place = number[getattr(arc, end)]
            weights[place] = weights.get(place, 0) + arc.weight
        return tuple(sorted(weights.items()))

    def marking(tokens: Any) -> Marking:
        return tuple(sorted((number[place], count) for place, count in tokens.items() if count))

    made = Net(
        tuple(str(place.name) for place in number),
        tuple(
            Transition(one.label, pairs(one.in_arcs, "source"), pairs(one.out_arcs, "target"))
            for one in net.transitions
        ),
        marking(initial),
        marking(final),
    )
    return made, list(number)


def to_pm4py(net: Net) -> tuple[Any, Any, Any]:
    """A pm4py net with its initial and final marking; places keep their names, transitions are ``t0``, ``t1`` …

    pm4py goes through it in the order of ``net``, in every process: its own sets follow memory addresses, and its
    token-based replay differs with them.
    """
    load()
    from pm4py.objects.petri_net.obj import Marking as Tokens
    from pm4py.objects.petri_net.obj import PetriNet
    from pm4py.objects.petri_net.utils.petri_utils import add_arc_from_to

    places = [PetriNet.Place(name, InOrder(), InOrder()) for name in net.places]
    digits = len(str(max(0, len(net.transitions) - 1)))  # pm4py sorts transitions by name
    transitions = [
        PetriNet.Transition(f"t{number:0{digits}}", transition.label, InOrder(), InOrder())
        for number, transition in enumerate(net.transitions)
    ]
    made = PetriNet("net", InOrder(places), InOrder(transitions), InOrder())
    for transition, (_, takes, gives) in zip(transitions, net.transitions, strict=True):
        for place, weight in takes:
            add_arc_from_to(places[place], transition, made, weight)
        for place, weight in gives:
            add_arc_from_to(transition, places[place], made, weight)
    return (
        made,
        Tokens({places[place]: count for place, count in net.initial}),
        Tokens({places[place]: count for place, count in net.final}),
    )


class InOrder(MutableSet[Any]):
    """A set that keeps the order in which its members came."""

    def __init__(self, members: Iterable[Any] = ()) -> None:
        self._members = dict.fromkeys(members)

    def __contains__(self, member: object) -> bool:
        return member in self._members

    def __iter__(self) -> Iterator[Any]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def add(self, value: Any) -> None:
        """Put it last, if it is new."""
        self._members[value] = None

    def discard(self, value: Any) -> None:
        """Take it away, if it is there."""
        self._members.pop(value, None)
