"""One order and one set of names for graphs that come without: the same structure reads the same in every process.

What pm4py makes is named by random ids and ordered by memory addresses. Here places, silent transitions and gateways
are named after the activities around them, and ordered by refining colours (Weisfeiler and Leman, 1968).
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from models_mining.core.drawing.nets import Marking, Net, Transition

Arc = tuple[int, int, Any]
"""Source, target, and what tells it from others (a weight, a word); vertices by number."""

SHOWN = 3
"""Activities named on each side of a place; the others are counted."""

Vertex = TypeVar("Vertex", bound=Hashable)


def canonical(net: Net) -> Net:
    """The same net in canonical form; see :func:`canonical_order`."""
    return canonical_order(net)[0]


def canonical_order(net: Net, drawn: Sequence[Any] | None = None) -> tuple[Net, list[int]]:
    """The same net with its places named by what lies around them, places and transitions in an order of their own.

    Isomorphic nets become equal values, whatever their places were called and however they were ordered. (Where
    colours cannot tell two vertices apart that are not alike, which takes a highly regular net, two forms of a net
    may remain; :func:`models_mining.core.drawing.structure.net_differences` still finds them equal.) The list tells
    for each place of the result which one it was before. ``drawn`` may tell places apart by where they are drawn.
    """
    produced, consumed = _surroundings(net)
    places = range(len(net.places))
    initial, final = dict(net.initial), dict(net.final)
    beside = [
        (_nearest(net, produced, place, before=True), _nearest(net, consumed, place, before=False)) for place in places
    ]
    names = [arrow(before, after) for before, after in beside]
    keys: list[tuple[Any, ...]] = [
        (0, names[place], initial.get(place, 0), final.get(place, 0), drawn[place] if drawn else 0) for place in places
    ]
    for label, takes, gives in net.transitions:
        around = (
            _union(beside[place][0] for place, _ in takes) if label is None else set(),
            _union(beside[place][1] for place, _ in gives) if label is None else set(),
        )
        keys.append((1, label is None, label or "", arrow(*around)))
    rank = ordering(keys, _arcs(net))
    order = sorted(places, key=lambda place: rank[place])
    number = {place: new for new, place in enumerate(order)}
    transitions = sorted(range(len(net.transitions)), key=lambda one: rank[len(names) + one])
    made = Net(
        tuple(unique(names[place] for place in order)),
        tuple(
            Transition(
                net.transitions[one].label,
                _renumbered(net.transitions[one].consumes, number),
                _renumbered(net.transitions[one].produces, number),
            )
            for one in transitions
        ),
        _renumbered(net.initial, number),
        _renumbered(net.final, number),
    )
    return made, order


def ordering(keys: Sequence[Any], arcs: Iterable[Arc]) -> list[int]:
    """The place of each vertex in an order that depends on its key and its surroundings, not on its number.

    Vertices with equal keys are told apart by their neighbours' ranks, as often as that helps; then one of those
    that are alike is put first, and so on.
    """
    takes: list[list[tuple[int, Any]]] = [[] for _ in keys]
    gives: list[list[tuple[int, Any]]] = [[] for _ in keys]
    for source, target, weight in arcs:
        gives[source].append((target, weight))
        takes[target].append((source, weight))
    ranks = _ranked(keys)
    while True:
        found = 0
        while found < (found := len(set(ranks))) < len(ranks):
            ranks = _ranked(
                [
                    (
                        rank,
                        sorted((ranks[other], weight) for other, weight in takes[vertex]),
                        sorted((ranks[other], weight) for other, weight in gives[vertex]),
                    )
                    for vertex, rank in enumerate(ranks)
                ]
            )
        if found == len(ranks):
            return ranks
        seen: dict[int, int] = {}
        for vertex, rank in enumerate(ranks):
            seen.setdefault(rank, vertex)
        sizes: dict[int, int] = {}
        for rank in ranks:
            sizes[rank] = sizes.get(rank, 0) + 1
        first = seen[min(rank for rank, size in sizes.items() if size > 1)]
        ranks = _ranked([(rank, vertex != first) for vertex, rank in enumerate(ranks)])


def nearest(
    starts: Iterable[Vertex], label_of: Callable[[Vertex], str | None], following: Callable[[Vertex], Iterable[Vertex]]
) -> set[str]:
    """The labels first met from ``starts`` on; vertices without one (None) are passed through."""
    labels: set[str] = set()
    waiting, seen = list(starts), set[Vertex]()
    while waiting:
        vertex = waiting.pop()
        if vertex in seen:
            continue
        seen.add(vertex)
        label = label_of(vertex)
        if label is None:
            waiting.extend(following(vertex))
        else:
            labels.add(label)
    return labels


def arrow(before: Collection[str], after: Collection[str]) -> str:
    """``a, b → c``: what lies between these activities; of many only some are named."""
    return f"{listed(before)} → {listed(after)}".strip()


def listed(labels: Collection[str]) -> str:
    """These activities in the order of the alphabet; of many only the first and how many more."""
    ordered = sorted(labels)
    more = [f"… {len(ordered) - SHOWN} more"] if len(ordered) > SHOWN else []
    return ", ".join([*ordered[:SHOWN], *more])


def unique(names: Iterable[str]) -> Iterator[str]:
    """The same names; of equal ones the second becomes ``name #2``, and so on."""
    taken: set[str] = set()
    for name in names:
        chosen, copy = name, 1
        while chosen in taken:
            copy += 1
            chosen = f"{name} #{copy}"
        taken.add(chosen)
        yield chosen


def _ranked(keys: Sequence[Any]) -> list[int]:
    """Equal keys get equal numbers, smaller keys smaller ones."""
    order = sorted(range(len(keys)), key=keys.__getitem__)
    ranks = [0] * len(keys)
    for place, vertex in enumerate(order):
        before = order[place - 1]
        ranks[vertex] = ranks[before] if place and keys[before] == keys[vertex] else place
    return ranks


def _surroundings(net: Net) -> tuple[list[list[int]], list[list[int]]]:
    """For each place the transitions that produce into it, and those that consume from it."""
    produced: list[list[int]] = [[] for _ in net.places]
    consumed: list[list[int]] = [[] for _ in net.places]
    for number, (_, takes, gives) in enumerate(net.transitions):
        for place, _ in takes:
            consumed[place].append(number)
        for place, _ in gives:
            produced[place].append(number)
    return produced, consumed


def _nearest(net: Net, beside: list[list[int]], place: int, *, before: bool) -> set[str]:
    """The activities nearest to a place. ``beside`` tells for each place the transitions on that side of it."""

    def further(number: int) -> Iterator[int]:
        _, takes, gives = net.transitions[number]
        return (other for there, _ in (takes if before else gives) for other in beside[there])

    return nearest(beside[place], lambda number: net.transitions[number].label, further)


def _arcs(net: Net) -> list[Arc]:
    shift = len(net.places)
    return [
        arc
        for number, (_, takes, gives) in enumerate(net.transitions, start=shift)
        for arc in [
            *((place, number, weight) for place, weight in takes),
            *((number, place, weight) for place, weight in gives),
        ]
    ]


def _renumbered(pairs: Marking, number: dict[int, int]) -> Marking:
    return tuple(sorted((number[place], count) for place, count in pairs))


def _union(sets: Iterable[set[str]]) -> set[str]:
    return set().union(*sets)
