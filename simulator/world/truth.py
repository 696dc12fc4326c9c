"""What a configuration itself says of the log it makes: the truth that mining is measured against.

The chain without its activities is an absorbing Markov chain: a row of ``visits`` v solves v = s + v·Q, with s where
cases begin and Q from datasource to datasource, the silent way through START folded in. All other expectations are
sums over v. Source: Kemeny and Snell, Finite Markov Chains, 1960, chapter III (fundamental matrix).
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from simulator.world.chain import END, START, Chain, Datasource, DriftingProbability, Edge, Ordered
from simulator.world.choices import probabilities

MAX_STEPS_SHOWN = 1_000  # of a drift; of a longer one evenly spaced steps are written


def truth(chain: Chain) -> dict[str, Any]:
    """The truth as JSON: see docs/simulator.md for its fields. Probabilities are of choices made at one datasource.

    ``expected`` has one entry, or with drifts two: for the first choice everywhere, and after all drifts. What can
    happen at all, drifts half-way included, is in ``activities`` and ``directly_follows``.
    """
    # Weights are of no interest here, only which edges can ever be taken.
    ever = View({name: [(edge, 1.0) for edge in source.taken_edges] for name, source in chain.datasources.items()})
    drifts = any(isinstance(chain.datasources[name].selection, DriftingProbability) for name in [START, *ever.names])
    edges = [edge for name in ever.names for edge, _ in ever.choices[name]]
    return {
        "datasources": [_datasource(source, ever.names) for source in chain.datasources.values()],
        "activities": sorted({edge.activity for edge in edges}),
        "directly_follows": sorted({(edge.activity, after) for edge in edges for after, _ in ever.following(edge)}),
        "expected": [
            {"when": when} | _expected(chain, last=index > 0)
            for index, when in enumerate(("first choices", "after all drifts") if drifts else ("always",))
        ],
        "remarks": _remarks(chain, ever),
    }


def _datasource(source: Datasource, reached: list[str]) -> dict[str, Any]:
    selection = source.selection
    first = probabilities(selection, 1)
    last = probabilities(selection, selection.steps) if isinstance(selection, DriftingProbability) else first
    edges = [
        {"edge": number, "activity": edge.activity, "target": edge.target, "probability": p}
        | ({} if first == last else {"probability_after_drift": q})
        for number, (edge, p, q) in enumerate(zip(source.edges, first, last, strict=True), start=1)
    ]
    known: dict[str, Any] = {
        "name": source.name,
        "node": source.node,
        "group": source.group,
        "selection": type(selection).__name__[0].lower() + type(selection).__name__[1:],
        "reachable": source.name in reached or source.name == START,
        "edges": edges,
    }
    if isinstance(selection, DriftingProbability):
        shown = min(selection.steps, MAX_STEPS_SHOWN)
        steps = sorted({1 + round(i * (selection.steps - 1) / max(1, shown - 1)) for i in range(shown)})
        known["drift"] = {
            "steps": selection.steps,
            "at": [{"choice": k, "probabilities": probabilities(selection, k)} for k in steps],
        }
    return known


def _expected(chain: Chain, *, last: bool) -> dict[str, Any]:
    """Starts, ends and the directly-follows relation under one set of probabilities."""
    now = {
        name: probabilities(source.selection, source.selection.steps)
        if last and isinstance(source.selection, DriftingProbability)
        else probabilities(source.selection, 1)
        for name, source in chain.datasources.items()
    }
    view = View({name: _positive(source, now[name]) for name, source in chain.datasources.items()})
    visits = view.visits()
    starts: dict[str, float] = defaultdict(float)
    for name, share in view.arrivals(START).items():
        for edge, p in view.choices[name]:
            starts[edge.activity] += share * p
    counts: dict[str, float] = defaultdict(float)
    ends: dict[str, float] = defaultdict(float)
    follows: dict[tuple[str, str], float] = defaultdict(float)
    for name in view.names:
        here = visits[name] if visits else 0.0
        for edge, p in view.choices[name]:
            counts[edge.activity] += here * p
            if edge.target == END:
                ends[edge.activity] += here * p
            for activity, q in view.following(edge):
                follows[edge.activity, activity] += here * p * q
    known = visits is not None
    return {
        "events_per_case": sum(counts.values()) if known else None,
        "activities": [{"activity": a, "per_case": n if known else None} for a, n in sorted(counts.items())],
        "starts": [{"activity": a, "per_case": n} for a, n in sorted(starts.items())],
        "ends": [{"activity": a, "per_case": n if known else None} for a, n in sorted(ends.items())],
        "directly_follows": [
            {"source": a, "target": b, "per_case": n if known else None} for (a, b), n in sorted(follows.items())
        ],
    }


def _positive(source: Datasource, weights: tuple[float, ...]) -> list[tuple[Edge, float]]:
    return [(edge, p) for edge, p in zip(source.edges, weights, strict=True) if p > 0]


class View:
    """The chain under one set of probabilities: ``choices`` are the edges of each datasource that have one now."""

    def __init__(self, choices: Mapping[str, list[tuple[Edge, float]]]) -> None:
        self.choices = choices
        self.names = self._reachable()

    def _reachable(self) -> list[str]:
        """Datasources where events happen, in the order of their names."""
        seen, waiting = {START}, [START]
        while waiting:
            new = {edge.target for edge, _ in self.choices[waiting.pop()]} - seen - {END}
            seen |= new
            waiting.extend(new)
        return sorted(seen - {START})

    def arrivals(self, target: str) -> dict[str, float]:
        """Where the next event happens after an edge to ``target``: there, or where START silently leads."""
        if target != START:
            return {} if target == END else {target: 1.0}
        arrivals: dict[str, float] = defaultdict(float)
        for edge, p in self.choices[START]:
            arrivals[edge.target] += p
        return arrivals

    def following(self, edge: Edge) -> list[tuple[str, float]]:
        """Activities of the next event after ``edge``, with their probability; one may come several times."""
        return [
            (following.activity, share * q)
            for target, share in self.arrivals(edge.target).items()
            for following, q in self.choices[target]
        ]

    def visits(self) -> dict[str, float] | None:
        """Expected choices at each datasource in one case; None where a case may never end."""
        if not self.all_end:
            return None
        place = {name: index for index, name in enumerate(self.names)}
        steps = np.zeros((len(place), len(place)))
        begin = np.zeros(len(place))
        for name, share in self.arrivals(START).items():
            begin[place[name]] += share
        for name in self.names:
            for edge, p in self.choices[name]:
                for target, share in self.arrivals(edge.target).items():
                    steps[place[name], place[target]] += p * share
        solved = np.linalg.solve(np.eye(len(place)) - steps.T, begin)
        return {name: float(solved[place[name]]) for name in self.names}

    @property
    def all_end(self) -> bool:
        """Whether END can be reached from everywhere."""
        before: dict[str, set[str]] = defaultdict(set)
        for name in [START, *self.names]:
            for edge, _ in self.choices[name]:
                before[edge.target].add(name)
        leading, waiting = {END}, [END]
        while waiting:
            new = before[waiting.pop()] - leading
            leading |= new
            waiting.extend(new)
        return leading >= set(self.names)


def _remarks(chain: Chain, ever: View) -> list[str]:
    remarks = []
    turns = [
        name
        for name in [START, *ever.names]
        if isinstance(chain.datasources[name].selection, Ordered) and len(ever.choices[name]) > 1
    ]
    if turns:
        remarks.append(
            f"edges are taken in turn at {', '.join(turns)}: shares hold in the long run, counts of pairs only as far "
            "as the turn does not depend on where cases come from"
        )
    if not ever.all_end:
        remarks.append("some cases never end: nothing is expected per case, only what can follow what")
    return remarks
