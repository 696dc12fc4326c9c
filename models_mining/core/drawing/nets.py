"""Petri nets as plain values: what cases are replayed on, wherever the net came from."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

Marking = tuple[tuple[int, int], ...]
"""Tokens as (place, how many), sorted by place, none with zero: equal markings are equal values."""


class NetError(ValueError):
    """This is not a net: an arc to nowhere, a weight below one, a marking of a place there is not."""


class Transition(NamedTuple):
    """``label`` is the activity, None where it is silent. Arcs are (place, weight), sorted by place."""

    label: str | None
    consumes: tuple[tuple[int, int], ...]
    produces: tuple[tuple[int, int], ...]


class Net(NamedTuple):
    """Places and transitions are numbered by their order; ``places`` holds the name of each.

    Whoever makes one brings it into a canonical order first, so that the same structure gives the same value in
    every process (pm4py names and orders by object, which differs from run to run).
    """

    places: tuple[str, ...]
    transitions: tuple[Transition, ...]
    initial: Marking
    final: Marking

    def to_data(self) -> dict[str, Any]:
        """As plain lists: what a JSON column keeps."""
        return {
            "places": list(self.places),
            "transitions": [[label, list(map(list, takes)), list(map(list, gives))] for label, takes, gives in self[1]],
            "initial": [list(pair) for pair in self.initial],
            "final": [list(pair) for pair in self.final],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The net that :meth:`to_data` wrote; anything else is a NetError."""
        try:
            places = tuple(map(str, data["places"]))
            transitions = tuple(
                Transition(None if label is None else str(label), _pairs(takes, places), _pairs(gives, places))
                for label, takes, gives in data["transitions"]
            )
            return cls(places, transitions, _pairs(data["initial"], places), _pairs(data["final"], places))
        except (KeyError, TypeError, ValueError) as error:
            raise NetError(f"this is not a net: {error!r}") from error


EMPTY_NET = Net((), (), (), ())
"""Of a log without cases."""


def _pairs(data: Any, places: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    pairs = sorted((int(place), int(count)) for place, count in data)
    if any(not 0 <= place < len(places) or count < 1 for place, count in pairs):
        raise NetError(f"{pairs} names a place there is not, or counts less than one")
    if len(dict(pairs)) < len(pairs):
        raise NetError(f"{pairs} names a place twice")
    return tuple(pairs)
