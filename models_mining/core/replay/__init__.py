"""Replaying cases on a Petri net, one activity at a time: what they cost, where they may stand, what does not fit."""

from typing import Literal

from models_mining.core.drawing.nets import Net
from models_mining.core.replay.exact import ExactReplay
from models_mining.core.replay.states import Ended, Position, Replay, State
from models_mining.core.replay.token import TokenReplay

ReplayKind = Literal["exact", "pm4py"]
"""``exact`` tells whether a case fits, ``pm4py`` gives the numbers of pm4py's token-based replay."""


def replay_of(kind: ReplayKind, net: Net) -> Replay:
    """A replay of this kind on ``net``."""
    return ExactReplay(net) if kind == "exact" else TokenReplay(net)


__all__ = ["Ended", "ExactReplay", "Position", "Replay", "ReplayKind", "State", "TokenReplay", "replay_of"]
