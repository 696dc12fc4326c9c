"""Where the events of a run leave: to every sink that wants them, counted."""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice

from simulator.emission.pace import Clock, Gate
from simulator.errors import SimulatorError
from simulator.kinds.sink import SinkEntry
from simulator.sinks.base import Sink, Surroundings, TimeframeSink
from simulator.world.event import Event

Take = Callable[[Event], None]
Routes = dict[str, tuple[Take, ...]]
"""Node → what its events are handed to: one look-up an event, however many sinks and datasources there are."""


class Outlet:
    """Hands events to sinks. ``limit`` is the most it takes (None: no end), ``sent`` how many it took."""

    def __init__(
        self,
        entries: Iterable[SinkEntry],
        nodes: Iterable[str],
        *,
        surroundings: Surroundings,
        limit: int | None = None,
    ) -> None:
        self.say, self.stopped = surroundings.say, surroundings.stopped
        self.sent = 0
        self.unwanted: Counter[str] = Counter()
        self._surroundings = surroundings
        self._limit = limit
        self._sinks = [entry.sink for entry in entries]
        self._open: list[Sink] = []
        sends = [(entry, entry.sink.send) for entry in entries]
        self._routes = {node: _wanting(node, sends) or (self._count_unwanted,) for node in nodes}
        collects = [(entry, entry.sink.collect) for entry in entries if isinstance(entry.sink, TimeframeSink)]
        plays = [(entry, entry.sink.send) for entry in entries if not isinstance(entry.sink, TimeframeSink)]
        self.timeframe_sinks = [sink for sink in self._sinks if isinstance(sink, TimeframeSink)]
        self.plays = bool(plays)  # whether there are sinks that get the events of a load test one by one
        self._play_routes: Routes = {node: _wanting(node, plays) for node in self._routes}
        self._collect_routes: Routes = {
            node: _wanting(node, collects) or (() if self._play_routes[node] else (self._count_unwanted,))
            for node in self._routes
        }

    def _count_unwanted(self, event: Event) -> None:
        if not self.unwanted:
            self.say(f"no sink wants the events of '{event.node}'; they are counted, and not sent anywhere")
        self.unwanted[event.node] += 1

    def gate(self, clock: Clock) -> Gate:
        """Lets events pass at their moments, until the run is stopped."""
        return Gate(clock=clock, say=self.say, stopped=self.stopped, idle=self.idle)

    @property
    def left(self) -> int | None:
        """How many events may follow; None: any number."""
        return None if self._limit is None else max(0, self._limit - self.sent)

    @property
    def full(self) -> bool:
        """Whether the limit is reached."""
        return self.left == 0

    def open(self) -> None:
        """Open every sink, in loading order."""
        for sink in self._sinks:
            self._open.append(sink)  # before opening: a sink that failed half-way is closed too
            sink.open(self._surroundings)

    def send(self, event: Event) -> None:
        """One event to every sink that wants it."""
        for send in self._routes[event.node]:
            send(event)
        self.sent += 1

    def send_all(self, events: Iterable[Event]) -> None:
        """As ``send`` for each, until the limit is reached or the run is stopped."""
        routes, stopped = self._routes, self.stopped
        for event in islice(events, self.left):
            if stopped():
                return
            for send in routes[event.node]:
                send(event)
            self.sent += 1

    def register(self, timeframe: Iterable[Event], length_ms: float) -> None:
        """One timeframe of a load test to every load backend, in loading order."""
        for event in timeframe:
            for collect in self._collect_routes[event.node]:
                collect(event)
            self.sent += not self.plays
        for sink in self.timeframe_sinks:
            sink.register(length_ms)

    def begin(self) -> None:
        """Tell every load backend to begin playing, in loading order."""
        for sink in self.timeframe_sinks:
            sink.begin()

    def play(self, event: Event) -> None:
        """One event of a load test to every sink that is no load backend."""
        for send in self._play_routes[event.node]:
            send(event)
        self.sent += 1

    def idle(self) -> None:
        """Let every sink write out what it holds back."""
        for sink in self._sinks:
            sink.idle()

    def close(self) -> None:
        """Close every sink, also after one of them failed; the first failure is raised, the others are said."""
        failures: list[SimulatorError] = []
        while self._open:
            try:
                self._open.pop(0).close()
            except SimulatorError as error:
                failures.append(error)
        if self.unwanted:
            counts = ", ".join(f"{node} {count:,}" for node, count in sorted(self.unwanted.items()))
            self.say(f"events that no sink wanted: {counts}")
        for failure in failures[1:]:
            self.say(str(failure))
        if failures:
            raise failures[0]


def _wanting(node: str, takes: Iterable[tuple[SinkEntry, Take]]) -> tuple[Take, ...]:
    return tuple(take for entry, take in takes if entry.refs is None or node in entry.refs)
