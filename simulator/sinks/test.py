"""``test``: keeps the events for the caller, in order."""

from simulator.reading.fields import Fields
from simulator.sinks import SINKS
from simulator.sinks.base import Overrides, Sink, SinkHead
from simulator.world.event import Event


class ListSink(Sink):
    """Keeps every event in ``events``; memory grows with them."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def send(self, event: Event) -> None:
        self.events.append(event)


@SINKS.register("test")
def read(fields: Fields, head: SinkHead, overrides: Overrides) -> Sink:
    return ListSink()
