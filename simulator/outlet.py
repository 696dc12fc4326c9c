"""Where the events of a run leave: to every sink that wants them, counted."""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice

from simulator.errors import SimulatorError
from simulator.event import Event
from simulator.kinds.sink import SinkEntry
from simulator.sinks.base import Sink, Surroundings


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
        # One look-up an event, however many sinks and datasources there are.
        self._routes = {node: self._route(node, entries) for node in nodes}

    def _route(self, node: str, entries: Iterable[SinkEntry]) -> tuple[Callable[[Event], None], ...]:
        sends = tuple(entry.sink.send for entry in entries if entry.refs is None or node in entry.refs)
        return sends or (self._count_unwanted,)

    def _count_unwanted(self, event: Event) -> None:
        if not self.unwanted:
            self.say(f"no sink wants the events of '{event.node}'; they are counted, and not sent anywhere")
        self.unwanted[event.node] += 1

    @property
    def full(self) -> bool:
        """Whether the limit is reached."""
        return self._limit is not None and self.sent >= self._limit

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
        left = None if self._limit is None else self._limit - self.sent
        for event in islice(events, left):
            if stopped():
                return
            for send in routes[event.node]:
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
