"""Petri nets between pm4py and here."""

from typing import Any

from models_mining.core.canonical import canonical
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.nets import Marking, Net, NetError, Transition


def from_pm4py(net: Any, initial: Any, final: Any) -> Net:
    """A pm4py net with its markings, in canonical form: pm4py's names and order leave no trace.

    A reset or an inhibitor arc is a NetError: nothing here replays them.
    """
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

    return canonical(
        Net(
            tuple(str(place.name) for place in number),
            tuple(
                Transition(one.label, pairs(one.in_arcs, "source"), pairs(one.out_arcs, "target"))
                for one in net.transitions
            ),
            marking(initial),
            marking(final),
        )
    )


def to_pm4py(net: Net) -> tuple[Any, Any, Any]:
    """A pm4py net with its initial and final marking; places keep their names, transitions are ``t0``, ``t1`` …"""
    load()
    from pm4py.objects.petri_net.obj import Marking as Tokens
    from pm4py.objects.petri_net.obj import PetriNet
    from pm4py.objects.petri_net.utils.petri_utils import add_arc_from_to

    made = PetriNet("net")
    places = [PetriNet.Place(name) for name in net.places]
    made.places.update(places)
    for number, (label, takes, gives) in enumerate(net.transitions):
        transition = PetriNet.Transition(f"t{number}", label)
        made.transitions.add(transition)
        for place, weight in takes:
            add_arc_from_to(places[place], transition, made, weight)
        for place, weight in gives:
            add_arc_from_to(transition, places[place], made, weight)
    return (
        made,
        Tokens({places[place]: count for place, count in net.initial}),
        Tokens({places[place]: count for place, count in net.final}),
    )
