"""Transition systems as Petri nets, so that cases are replayed on them as on any other."""

from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.nets import Net, Transition


def states_net(drawing: Drawing) -> Net:
    """A net with a place for each state, after one from which silent transitions lead to all states cases begin in.

    An edge is a transition for each of its ``activities``; where it tells none, of the ``label`` of the state it
    leads to. States without a ``start`` anywhere: cases begin in those no edge leads to. A case may end anywhere.
    """
    number = {node["id"]: place for place, node in enumerate(drawing["nodes"], start=1)}
    labels = {node["id"]: node["label"] for node in drawing["nodes"]}
    begins = [node["id"] for node in drawing["nodes"] if node.get("start")]
    if not begins:
        reached = {edge["t"] for edge in drawing["edges"]}
        begins = [node["id"] for node in drawing["nodes"] if node["id"] not in reached]
    return Net(
        places=("begin", *(f"state {identity}" for identity in number)),
        transitions=(
            *(Transition(None, ((0, 1),), ((number[identity], 1),)) for identity in begins),
            *(
                Transition(activity, ((number[edge["s"]], 1),), ((number[edge["t"]], 1),))
                for edge in drawing["edges"]
                for activity in edge.get("activities", (labels[edge["t"]],))
            ),
        ),
        initial=((0, 1),),
        final=(),
    )
