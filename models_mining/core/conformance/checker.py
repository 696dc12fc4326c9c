"""Whether cases agree with a reference model, worked out once per node of the prefix tree where that is enough."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from models_mining.core.conformance import declare, footprints, log_skeleton, temporal_profile
from models_mining.core.conformance.breaches import Breach
from models_mining.core.conformance.case_fit import Deviation
from models_mining.core.counting.prefix_tree import Node
from models_mining.core.drawing.nets import Net
from models_mining.core.live_log import Step
from models_mining.core.replay import ExactReplay, Replay, State, TokenReplay

SHOWN = 50
"""Deviations, or rules, that are told of a case; all of them are counted."""

MAX_STEPS = 1000
"""Rules are not asked about longer cases, as they compare events with each other: whether those fit is not known."""

MAX_NODES = 100_000
"""Of so many nodes the state is remembered; then the memo begins anew."""


class Replayed(NamedTuple):
    """What a replay says of a case. Of a running one, ``fitness`` and ``missing`` are those so far, ``remaining`` 0."""

    fits: bool | None
    fitness: float
    missing: int
    remaining: int


class Judgement(NamedTuple):
    """How a case agrees with a reference model.

    ``fits`` is None where it is not known, as a bound was hit or the case is too long for rules. With a net there are
    ``exact`` and ``pm4py``, and ``deviations`` by the exact replay; ``unknown`` are the activities that it lacks. With
    rules there are ``breaches``: those that are pending leave a running case fitting. ``deviating`` names all
    activities at which something does not fit; ``faults`` counts deviations, or broken rules.
    """

    fits: bool | None
    faults: int
    deviating: tuple[str, ...]
    exact: Replayed | None = None
    pm4py: Replayed | None = None
    deviations: tuple[Deviation, ...] = ()
    unknown: tuple[str, ...] = ()
    breaches: tuple[Breach, ...] = ()


class ConformanceChecker(Protocol):
    """Judges cases by one reference model. ``timed``: by their moments too, so that a node does not tell."""

    timed: bool

    def of_node(self, node: Node, *, closed: bool) -> Judgement:
        """Of every case that stands here, open or closed."""
        ...

    def of_steps(self, steps: Sequence[Step], *, closed: bool) -> Judgement:
        """Of a case that has done this."""
        ...


class NodeConformance(NamedTuple):
    """What the activities up to a node have come to."""

    length: int
    exact: State
    pm4py: State
    faults: int = 0
    deviations: tuple[Deviation, ...] = ()
    deviating: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class NetChecker:
    """By a Petri net, with both replays."""

    timed = False

    def __init__(self, net: Net) -> None:
        self.exact, self.pm4py = ExactReplay(net), TokenReplay(net)
        self._start = NodeConformance(0, self.exact.start, self.pm4py.start)
        self._ways: dict[Node, NodeConformance] = {}

    def of_node(self, node: Node, *, closed: bool) -> Judgement:
        return self._judged(self._way(node), closed=closed)

    def of_steps(self, steps: Sequence[Step], *, closed: bool) -> Judgement:
        way = self._start
        for activity, _ in steps:
            way = self._next(way, activity)
        return self._judged(way, closed=closed)

    def _way(self, node: Node) -> NodeConformance:
        """From the nearest node before it whose way is known."""
        trail = []
        at: Node | None = node
        while at is not None and at.parent is not None and at not in self._ways:
            trail.append(at)
            at = at.parent
        way = self._ways.get(at, self._start) if at is not None else self._start
        if len(self._ways) > MAX_NODES:
            self._ways.clear()
        for one in reversed(trail):
            way = self._ways[one] = self._next(way, one.activity)
        return way

    def _next(self, way: NodeConformance, activity: str) -> NodeConformance:
        exact = self.exact.step(way.exact, activity)
        pm4py = self.pm4py.step(way.pm4py, activity)
        more = exact.deviations - way.exact.deviations
        if not more:
            return way._replace(length=way.length + 1, exact=exact, pm4py=pm4py)
        unknown = exact.unknown > way.exact.unknown
        found = Deviation(way.length, activity, 0 if unknown else more)
        return NodeConformance(
            way.length + 1,
            exact,
            pm4py,
            way.faults + 1,
            (*way.deviations, found) if way.faults < SHOWN else way.deviations,
            _with(way.deviating, activity),
            _with(way.unknown, activity) if unknown else way.unknown,
        )

    def _judged(self, way: NodeConformance, *, closed: bool) -> Judgement:
        exact = _replayed(self.exact, way.exact, closed=closed)
        pm4py = _replayed(self.pm4py, way.pm4py, closed=closed)
        return Judgement(exact.fits, way.faults, way.deviating, exact, pm4py, way.deviations, way.unknown)


def _replayed(replay: Replay, state: State, *, closed: bool) -> Replayed:
    if not closed:
        return Replayed(replay.fits(state), state.fitness, state.missing, 0)
    ended = replay.end(state)
    return Replayed(ended.fits, ended.fitness, ended.missing, ended.remaining)


def _with(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return names if name in names else (*names, name)


Rules = Callable[[Sequence[Step], bool], list[Breach]]
"""The breaches of a case that has done this, and is closed or not."""


class RuleChecker:
    """By rules: DECLARE, log skeleton, footprints, or a temporal profile."""

    def __init__(self, rules: Rules, *, timed: bool) -> None:
        self._rules, self.timed = rules, timed
        self._known: dict[tuple[Node, bool], Judgement] = {}

    def of_node(self, node: Node, *, closed: bool) -> Judgement:
        found = self._known.get((node, closed))
        if found is None:
            if len(self._known) > MAX_NODES:
                self._known.clear()
            steps = [Step(activity, 0) for activity in node.path()]
            found = self._known[node, closed] = self.of_steps(steps, closed=closed)
        return found

    def of_steps(self, steps: Sequence[Step], *, closed: bool) -> Judgement:
        if len(steps) > MAX_STEPS:
            return Judgement(None, 0, ())
        breaches = self._rules(steps, closed)
        broken = [breach for breach in breaches if not breach.pending]
        deviating = tuple(dict.fromkeys(breach.activity for breach in broken))
        ordered = sorted(breaches, key=lambda breach: breach.pending)  # what is broken first
        return Judgement(not broken, len(broken), deviating, breaches=tuple(ordered[:SHOWN]))


def rules_of(algorithm: str, drawing: Mapping[str, Any]) -> RuleChecker | None:
    """By the rules in a drawing of ``algorithm``; None: it draws none."""
    if algorithm == "temporal-profile":
        profile = temporal_profile.read(drawing)
        return RuleChecker(lambda steps, closed: temporal_profile.deviations(profile, steps), timed=True)
    reader: Any = {"declare": declare, "log-skeleton": log_skeleton, "footprints": footprints}.get(algorithm)
    if reader is None:
        return None
    reference = reader.read(drawing)

    def rules(steps: Sequence[Step], closed: bool) -> list[Breach]:
        found: list[Breach] = reader.deviations(reference, [step.activity for step in steps], closed=closed)
        return found

    return RuleChecker(rules, timed=False)
