"""The silent transitions of a net: where they lead, and which of them can matter for an activity."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from models_mining.core.drawing.nets import Marking, Net
from models_mining.core.replay.states import fire, is_enabled


class Silent(NamedTuple):
    """Some silent transitions: those that take a token from a place, each under one place; ``free`` ones take none."""

    by_place: dict[int, list[int]]
    free: list[int]


class Reached(NamedTuple):
    """A marking, after so many silent transitions that ``consumed`` so many tokens."""

    marking: Marking
    silent: int
    consumed: int


class SilentMoves:
    """Searches over the silent transitions of ``net``, in its own order, through at most ``max_markings`` markings."""

    def __init__(self, net: Net, max_markings: int) -> None:
        self.net = net
        self.max_markings = max_markings
        numbers = [number for number, transition in enumerate(net.transitions) if transition.label is None]
        self._producers = _by_place((number, net.transitions[number].produces) for number in numbers)
        self._consumers = _by_place((number, net.transitions[number].consumes) for number in numbers)
        self._consumed = [sum(weight for _, weight in transition.consumes) for transition in net.transitions]
        self._needed: dict[tuple[int, tuple[int, ...]], Silent] = {}
        self.all = self._indexed(numbers)
        sinks = [number for number in numbers if not net.transitions[number].produces]
        self.ending = self._indexed(self._cone((place for place, _ in net.final), sinks))
        """Those that can take part in a run that ends in the final marking."""

    def needed(self, number: int, tokens: dict[int, int]) -> Silent:
        """Those to try before transition ``number`` at a marking; all others can as well be fired after it.

        Others are, first, transitions from which no token can come to an input of it (its cone). Of the cone, those
        matter that lead to an input place where tokens lack; those that lead to one that matters; and those that
        take from a place from which the transition, or one that matters, takes too. The rest neither takes a token
        that these need nor brings one, so in any run it can be moved behind the transition.
        """
        takes = self.net.transitions[number].consumes
        lacking = tuple(place for place, weight in takes if tokens.get(place, 0) < weight)
        found = self._needed.get((number, lacking))
        if found is None:
            cone = self._cone(place for place, _ in takes)
            matter: set[int] = set()
            contested = [place for place, _ in takes]  # taken from by it or by one that matters
            sought = list(lacking)  # tokens that come here matter
            while contested or sought:
                news: set[int] = set()
                if contested:
                    news.update(self._consumers.get(contested.pop(), ()))
                if sought:
                    news.update(self._producers.get(sought.pop(), ()))
                news &= cone
                news -= matter
                matter |= news
                places = [place for one in sorted(news) for place, _ in self.net.transitions[one].consumes]
                contested += places
                sought += places
            found = self._needed[number, lacking] = self._indexed(matter)
        return found

    def closure(self, marking: Marking, silent: Silent) -> tuple[list[Reached], bool]:
        """All markings these transitions lead to, the nearest first; and whether there were too many."""
        reached = [Reached(marking, 0, 0)]
        seen = {marking}
        for before, steps, consumed in reached:  # it grows on the way
            for number, after in self.steps(before, silent):
                if after not in seen:
                    if len(reached) >= self.max_markings:
                        return reached, True
                    seen.add(after)
                    reached.append(Reached(after, steps + 1, consumed + self._consumed[number]))
        return reached, False

    def steps(self, marking: Marking, silent: Silent) -> Iterator[tuple[int, Marking]]:
        """One transition further."""
        if not silent.by_place and not silent.free:
            return
        tokens = dict(marking)
        candidates = [number for place, _ in marking for number in silent.by_place.get(place, ())]
        for number in (*silent.free, *candidates):
            if is_enabled(self.net.transitions[number].consumes, tokens):
                after = tokens.copy()
                fire(self.net, number, after)
                yield number, tuple(sorted(after.items()))

    def _cone(self, places: Iterable[int], transitions: Iterable[int] = ()) -> set[int]:
        """The transitions from which tokens can come to these places, or to where ``transitions`` take them."""
        cone = set(transitions)
        waiting = [*places, *(place for number in cone for place, _ in self.net.transitions[number].consumes)]
        seen: set[int] = set()
        while waiting:
            place = waiting.pop()
            if place not in seen:
                seen.add(place)
                for number in self._producers.get(place, ()):
                    cone.add(number)
                    waiting += [source for source, _ in self.net.transitions[number].consumes]
        return cone

    def _indexed(self, numbers: Iterable[int]) -> Silent:
        ordered = sorted(numbers)
        taking = ((number, self.net.transitions[number].consumes[:1]) for number in ordered)
        return Silent(_by_place(taking), [number for number in ordered if not self.net.transitions[number].consumes])


def _by_place(arcs: Iterable[tuple[int, Marking]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for number, pairs in arcs:
        for place, _ in pairs:
            found.setdefault(place, []).append(number)
    return found
