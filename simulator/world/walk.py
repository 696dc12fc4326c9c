"""The walk: the endless, seeded stream of events of many cases that go through one chain side by side."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappush, heapreplace
from random import Random

from simulator.world.chain import END, START, Chain
from simulator.world.event import Event


@dataclass(slots=True)
class Station:
    """A datasource in motion: what the walk needs at each step, with the state of its selection."""

    node: str
    group: str
    choose: Callable[[], int]
    steps: list["Step"] = field(default_factory=list)


Step = tuple[str, Callable[[], int], Station | None]
"""Activity, draw of a duration in microseconds, where it leads (None: the case is over)."""

Prepared = tuple[int, int, Event, Station | None]
"""Moment in microseconds, number of preparation (settles ties), the event, where its case then stands."""

_new = tuple.__new__  # what Event(…) comes to, in half the time


class Walk:
    """All cases of one run. Memory grows with the open cases, never with the events.

    Each open case holds one *prepared* event: drawn and stamped, not yet sent. The earliest leaves first, so
    moments never run backwards, over all cases. A case that is over makes room for a new one at once.

    The same chain, seed and start give the same events. Case numbers, drifts and simulated time carry over from
    one call of ``events`` to the next.
    """

    def __init__(self, chain: Chain, *, random: Random, start_at_us: int) -> None:
        self._start = _set_in_motion(chain, random)
        self._cases = 0
        self._prepared = 0
        self._latest_us = start_at_us  # moment of the event that was prepared last, whichever case it is of

    def events(self, concurrent_cases: int) -> Iterator[Event]:
        """Events without end, from exactly ``concurrent_cases`` open cases at any moment."""
        prepared: list[Prepared] = []
        for _ in range(concurrent_cases):
            heappush(prepared, self._open_case())
        while True:
            at_us, _, event, station = prepared[0]
            following = self._open_case() if station is None else self._prepare(event.case, station, at_us)
            heapreplace(prepared, following)
            yield event

    def _open_case(self) -> Prepared:
        self._cases += 1
        return self._prepare(f"case_{self._cases}", self._start, self._latest_us)

    def _prepare(self, case: str, station: Station, at_us: int) -> Prepared:
        if station is self._start:  # a choice here makes no event, it only says where to go
            station = self._silent_target()
        activity, draw_us, target = station.steps[station.choose()]
        at_us += draw_us()
        self._latest_us = at_us
        self._prepared += 1
        event = _new(Event, (case, activity, station.node, station.group, at_us, target is None))
        return at_us, self._prepared, event, target

    def _silent_target(self) -> Station:
        target = self._start.steps[self._start.choose()][2]
        if target is None or target is self._start:
            raise ValueError("an edge of <start> must lead to a datasource")
        return target


def _set_in_motion(chain: Chain, random: Random) -> Station:
    """Stations with their steps wired to one another; returns the one of START."""
    stations = {
        name: Station(datasource.node, datasource.group, datasource.selection.chooser(random))
        for name, datasource in chain.datasources.items()
    }
    for name, datasource in chain.datasources.items():
        stations[name].steps.extend(
            (edge.activity, edge.duration.drawer(random), None if edge.target == END else stations[edge.target])
            for edge in datasource.edges
        )
    return stations[START]
