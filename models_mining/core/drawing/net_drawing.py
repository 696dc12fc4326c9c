"""Petri nets as drawings."""

from models_mining.core.drawing.canonical import unique
from models_mining.core.drawing.drawing import Drawing, Row
from models_mining.core.drawing.nets import Net


def draw_net(net: Net) -> Drawing:
    """A net of kind ``petri-net``; it should be canonical, so that its parts keep their ids.

    Places (``type`` place) carry the tokens they hold at the start (``initial``) and at the end (``final``), where
    there are any. Transitions have the ``type`` transition, or silent and no label. An edge has a weight ``n`` only
    where that is more than one.
    """
    places = [f"p {name}" for name in net.places]
    silent_names = _silent_names(net)
    transitions = list(
        unique(
            f"t {label}" if label is not None else f"τ {silent_names[number]}"
            for number, (label, _, _) in enumerate(net.transitions)
        )
    )
    initial, final = dict(net.initial), dict(net.final)
    nodes: list[Row] = []
    for number, (identity, name) in enumerate(zip(places, net.places, strict=True)):
        tokens = {"initial": initial.get(number, 0), "final": final.get(number, 0)}
        nodes.append({"id": identity, "label": name, "type": "place", **{key: n for key, n in tokens.items() if n}})
    edges: list[Row] = []
    for identity, (label, takes, gives) in zip(transitions, net.transitions, strict=True):
        nodes.append({"id": identity, "label": label or "", "type": "silent" if label is None else "transition"})
        edges += [_arc(places[place], identity, weight) for place, weight in takes]
        edges += [_arc(identity, places[place], weight) for place, weight in gives]
    return Drawing(
        kind="petri-net", nodes=nodes, edges=edges, net=net.to_data(), at=[[identity] for identity in places]
    )


def _silent_names(net: Net) -> dict[int, str]:
    """Silent transitions by the places on both sides, which are named by the activities around."""
    return {
        number: " ⇒ ".join(
            "; ".join(net.places[place] for place, _ in pairs) for pairs in (transition.consumes, transition.produces)
        )
        for number, transition in enumerate(net.transitions)
        if transition.label is None
    }


def _arc(source: str, target: str, weight: int) -> Row:
    return {"s": source, "t": target} | ({"n": weight} if weight > 1 else {})
