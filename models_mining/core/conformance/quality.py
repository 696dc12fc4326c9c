"""How well a net and a log agree: fitness, precision, generalization, simplicity, as sums over the prefix tree.

Each node is replayed once, whatever the number of cases that passed it. The figures under pm4py's names equal its
batch functions on the closed cases (cases beyond the tree are left out, and counted).
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from models_mining.core.counting.prefix_tree import Node
from models_mining.core.drawing.nets import Marking, Net
from models_mining.core.live_log import CaseSet, LiveLog
from models_mining.core.replay import Replay, State, TokenReplay
from models_mining.core.replay.states import fire, is_enabled

MAX_STEPS = 10_000
"""So many silent transitions are followed from one marking to see what it enables."""


class LogFitness(NamedTuple):
    """Fitness of a log. The first three are pm4py's ``percentage_of_fitting_traces`` (0 to 100),
    ``average_trace_fitness`` and ``log_fitness``; all are 0 for no cases.

    ``undecided`` cases hit a bound: they may fit, and do not count as fitting. ``unknown`` cases did something the
    net has no transition for (pm4py passes that over; by the exact replay they do not fit). ``left_out`` cases are
    beyond the tree.
    """

    percentage_of_fitting_traces: float
    average_trace_fitness: float
    log_fitness: float
    cases: int
    fitting: int
    undecided: int
    unknown: int
    left_out: int


def fitness(log: LiveLog, replay: Replay, cases: CaseSet = "closed") -> LogFitness:
    """Fitness over the closed cases, or over all: an open one counts with what it has come to so far.

    Source: Berti, van der Aalst, ToPNoC XV, 2021; ``pm4py.fitness_token_based_replay`` where ``replay`` is a
    :class:`TokenReplay` and cases are closed.
    """
    total = fitting = undecided = unknown = 0
    average = 0.0
    missing = consumed = remaining = produced = 0
    for node, _, state, _ in _walk(log, replay, cases):
        ended = [(node.closed, replay.end(state))] if node.closed else []
        found = [(n, one.fits, one.fitness, one.missing, one.consumed, one.remaining, one.produced) for n, one in ended]
        if node.open and cases == "all":
            found.append(
                (node.open, replay.fits(state), state.fitness, state.missing, state.consumed, 0, state.produced)
            )
        for n, fits, trace_fitness, m, c, r, p in found:
            total += n
            fitting += n * (fits is True)
            undecided += n * (fits is None)
            unknown += n * (state.unknown > 0)
            average += n * trace_fitness
            missing += n * m
            consumed += n * c
            remaining += n * r
            produced += n * p
    there = log.all.cases if cases == "all" else log.all.cases - log.open_cases
    counts = (total, fitting, undecided, unknown, there - total)
    if not (total and consumed and produced):
        return LogFitness(0.0, 0.0, 0.0, *counts)
    log_fitness = 0.5 * (1 - missing / consumed) + 0.5 * (1 - remaining / produced)
    return LogFitness(100.0 * fitting / total, average / total, log_fitness, *counts)


def precision(log: LiveLog, replay: TokenReplay) -> float | None:
    """How much of what the net allows after a prefix of a closed case was done: 1 means all, always.

    None: not known, as silent transitions lead to no end of markings. pm4py takes an activity with a comma in its
    name for two; we do not.

    Source: Muñoz-Gama, Carmona: A fresh look at precision in process conformance, BPM 2010;
    ``pm4py.precision_token_based_replay``.
    """
    allowed = escaping = 0
    labels: dict[Marking, frozenset[str] | None] = {}
    through = _through(log, "closed")
    for node, state in [(log.tree.root, replay.start), *((one.node, one.state) for one in _walk(log, replay))]:
        after = {child.activity: n for child in node.children.values() if (n := through.get(child, 0))}
        if not after or state.missing:
            continue
        marking = state.at.markings[0]
        if marking not in labels:
            labels[marking] = eventually_enabled(replay.net, marking)
        enabled = labels[marking]
        if enabled is None:
            return None
        cases = sum(after.values())
        allowed += cases * len(enabled)
        escaping += cases * len(enabled - after.keys())
    return 1.0 - escaping / allowed if allowed else 1.0


def generalization(log: LiveLog, replay: TokenReplay) -> float:
    """How often each transition was used: near 1 when all were used often, so that new cases will hardly differ.

    Source: Buijs, van Dongen, van der Aalst: Quality dimensions in process discovery, IJCIS 23(1), 2014;
    ``pm4py.generalization_tbr``.
    """
    used = [0] * len(replay.net.transitions)
    for node, before, state, through in _walk(log, replay):
        for number in replay.fired(before, node.activity):
            used[number] += through
        if node.closed:
            for number in replay.finish(state.at).fired:
                used[number] += node.closed
    return 1.0 - math.fsum(1.0 / math.sqrt(n) if n else 1.0 for n in used) / len(used) if used else 1.0


def simplicity(net: Net) -> float:
    """1 for a net whose places and transitions have two arcs each on average or fewer, less with every arc more.

    Source: Vázquez-Barreiros, Mucientes, Lama: ProDiGen, Information Sciences 294, 2015;
    ``pm4py.simplicity_petri_net`` (arc degree).
    """
    vertices = len(net.places) + len(net.transitions)
    arcs = sum(len(transition.consumes) + len(transition.produces) for transition in net.transitions)
    return 1.0 / (1.0 + max(2 * arcs / vertices - 2, 0)) if vertices else 1.0


def eventually_enabled(net: Net, marking: Marking) -> frozenset[str] | None:
    """The activities enabled at a marking, or after silent transitions, searched as pm4py does. None: no end of it."""
    at: dict[int, Marking] = {}
    waiting: list[int] = []

    def look(tokens: Marking) -> None:
        there = dict(tokens)
        for number, transition in enumerate(net.transitions):
            if is_enabled(transition.consumes, there):
                waiting.append(number)
                at[number] = tokens  # also where it waits already, from another marking: so does pm4py

    look(marking)
    seen: set[tuple[int, Marking]] = set()
    labels: set[str] = set()
    for number in waiting:  # it grows on the way
        if (number, at[number]) in seen:
            continue
        seen.add((number, at[number]))
        label = net.transitions[number].label
        if label is not None:
            labels.add(label)
            continue
        if len(seen) > MAX_STEPS:
            return None
        tokens = dict(at[number])
        fire(net, number, tokens)
        look(tuple(sorted(tokens.items())))
    return frozenset(labels)


class Passed(NamedTuple):
    """A node that some of the cases passed or end at, with the state before and after its activity."""

    node: Node
    before: State
    state: State
    cases: int


def _through(log: LiveLog, cases: CaseSet) -> dict[Node, int]:
    """How many of the cases pass each node or end there; parents first, only nodes with any."""
    if cases == "all":
        return {node: node.passes for node in log.tree.walk()}
    through = {node: node.closed for node in log.tree.walk()}
    for node in reversed(through):
        if node.parent in through:
            through[node.parent] += through[node]
    return {node: n for node, n in through.items() if n}


def _walk(log: LiveLog, replay: Replay, cases: CaseSet = "closed") -> Iterator[Passed]:
    states = {log.tree.root: replay.start}
    for node, through in _through(log, cases).items():
        if node.parent is not None:
            before = states[node.parent]
            state = states[node] = replay.step(before, node.activity)
            yield Passed(node, before, state, through)
