"""Reference models as drawings: which can be one, whether a net is fit for it, and who judges by it."""

from collections.abc import Callable, Mapping
from typing import Any

from models_mining.core.conformance.checker import ConformanceChecker, NetChecker, rules_of
from models_mining.core.drawing.nets import Net
from models_mining.core.replay import ExactReplay, Replay, TokenReplay

RULES = ("declare", "footprints", "log-skeleton", "temporal-profile")
"""Algorithms whose models are rules; of all others a Petri net is needed."""

MAX_PARTS = 2000  # places and transitions
MAX_ARCS = 10_000
MAX_WEIGHT = 1_000_000  # of an arc, or tokens of a place
MAX_STEP_S = 0.5  # that the state after one more activity may take to be worked out
TRIALS = 200  # activities


class UnfitError(ValueError):
    """This cannot be a reference model; the sentence says why."""


def judge_of(algorithm: str, drawing: Mapping[str, Any]) -> ConformanceChecker:
    """Who judges by a drawing: rules by their algorithm, anything else by its net. Without one, an UnfitError."""
    found = rules_of(algorithm, drawing)
    if found is not None:
        return found
    if "net" not in drawing:
        raise UnfitError("It has no Petri net to replay cases on, and no rules.")
    return NetChecker(Net.from_data(drawing["net"]))


def checked(net: Net) -> Net:
    """The net, if it can be a reference; without a final marking its only sink is taken for it.

    A net is an UnfitError that has no activity, does not say where cases begin or end, or is too large.
    """
    arcs = [arc for transition in net.transitions for arc in (*transition.consumes, *transition.produces)]
    if len(net.places) + len(net.transitions) > MAX_PARTS or len(arcs) > MAX_ARCS:
        raise UnfitError(f"The net is too large: at most {MAX_PARTS} places and transitions, {MAX_ARCS} arcs.")
    if any(n > MAX_WEIGHT for _, n in (*arcs, *net.initial, *net.final)):
        raise UnfitError(f"An arc or a marking counts more than {MAX_WEIGHT} tokens.")
    if all(transition.label is None for transition in net.transitions):
        raise UnfitError("The net has no transition with a label: it says nothing of any activity.")
    if not net.initial:
        raise UnfitError("The net has no initial marking: it does not say where cases begin.")
    return net if net.final else net._replace(final=((_sink(net), 1),))


def _sink(net: Net) -> int:
    taken = {place for transition in net.transitions for place, _ in transition.consumes}
    sinks = [place for place in range(len(net.places)) if place not in taken]
    if len(sinks) != 1:
        raise UnfitError(
            "The net has no final marking, and not exactly one place without outgoing arcs to take for it "
            f"(there are {len(sinks)}): say where cases end."
        )
    return sinks[0]


def try_out(net: Net, clock: Callable[[], float]) -> None:
    """Replay activities one after the other, as deep as a case would go, and look at the clock (seconds).

    A net is an UnfitError where one of them takes too long, as with thousands of ways through silent transitions.
    That is a trial, no proof.
    """
    labels = sorted({transition.label for transition in net.transitions if transition.label is not None})
    tried = [labels[(place * 7 if place >= len(labels) else place) % len(labels)] for place in range(TRIALS)]
    replays: list[Replay] = [ExactReplay(net), TokenReplay(net)]
    for replay in replays:
        state = replay.start
        for activity in tried:
            began = clock()
            state = replay.step(state, activity)
            replay.end(state)
            if clock() - began > MAX_STEP_S:
                raise UnfitError(
                    f"The net is too complex to be followed live: {activity} took more than {MAX_STEP_S:g} s to replay."
                )
