"""Optimal alignments of one case, by pm4py: what was skipped and what was done beside the net.

Of pm4py's variants this takes ``VERSION_DIJKSTRA_SEMANTICS``. ``VERSION_DIJKSTRA_LESS_MEMORY`` lets go of a marking
once it was reached further on in the trace, and so misses optimal alignments; those over a synchronous product
forget arc weights there.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from models_mining.core.discovery.pm4py_bridge.frames import ACTIVITY
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.discovery.pm4py_bridge.nets import to_pm4py
from models_mining.core.drawing.nets import Net


class Move(NamedTuple):
    """``sync``: an event and a transition together. ``log``: an event the net does not allow here. ``model``: an
    activity the net wants and the case lacks. ``silent``: a silent transition. ``transition`` is its number."""

    kind: Literal["sync", "log", "model", "silent"]
    activity: str | None
    transition: int | None


class Alignment(NamedTuple):
    """The moves in order. ``cost`` is pm4py's: 10,000 for a log or model move, of which there are ``deviations``,
    and 1 for a silent one."""

    moves: tuple[Move, ...]
    deviations: int
    cost: int


def align(net: Net, trace: Sequence[str], *, closed: bool, time_limit_s: float | None = None) -> Alignment | None:
    """An alignment of ``trace`` with the fewest deviations; of an open case one of a prefix: any marking may be last.

    None: no run of the net ends in its final marking, or ``time_limit_s`` is over. It takes memory and time without
    bound where silent transitions can make tokens without end; call it where both are limited.

    Source: Adriansyah: Aligning observed and modeled behavior, PhD thesis, TU Eindhoven, 2014.
    """
    load()
    from pm4py.algo.conformance.alignments.petri_net import algorithm
    from pm4py.algo.conformance.alignments.petri_net.variants.dijkstra_semantics import Parameters
    from pm4py.objects.log.obj import Trace
    from pm4py.objects.petri_net.obj import Marking
    from pm4py.objects.petri_net.semantics import ClassicSemantics

    class InOrder(ClassicSemantics):  # type: ignore[misc]
        """Enabled transitions in the order of the net, not of memory addresses: the same alignment every time."""

        def enabled_transitions(self, pn: Any, m: Any, **_: Any) -> list[Any]:
            return [transition for transition in pn.transitions if self.is_enabled(transition, pn, m)]

    class Anywhere(Marking):  # type: ignore[misc]
        """Equal to every marking; as a subclass it is asked first, on either side."""

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = Marking.__hash__

    made, initial, final = to_pm4py(net)
    parameters = {Parameters.PETRI_SEMANTICS: InOrder(), Parameters.PARAM_ALIGNMENT_RESULT_IS_SYNC_PROD_AWARE: True}
    if time_limit_s is not None:
        parameters[Parameters.PARAM_MAX_ALIGN_TIME_TRACE] = time_limit_s
    found = algorithm.apply_trace(
        Trace([{ACTIVITY: activity} for activity in trace]),
        made,
        initial,
        final if closed else Anywhere(),
        variant=algorithm.Variants.VERSION_DIJKSTRA_SEMANTICS,
        parameters=parameters,
    )
    if found is None:
        return None
    numbers = {transition.name: number for number, transition in enumerate(made.transitions)}
    moves = []
    events = iter(trace)
    for (event, transition), _ in found["alignment"]:
        number = numbers.get(transition)
        label = None if number is None else net.transitions[number].label
        if str(event).startswith("trace_"):
            moves.append(Move("log" if number is None else "sync", next(events), number))
        else:
            moves.append(Move("silent" if label is None else "model", label, number))
    deviations = sum(move.kind in ("log", "model") for move in moves)
    return Alignment(tuple(moves), deviations, int(found["cost"]))
