"""``stream``: events at a load, for ever."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from simulator.emission.load import Load
from simulator.emission.outlet import Outlet
from simulator.emission.pace import Clock, Pacer
from simulator.kinds.load import read_load
from simulator.modes import MODES
from simulator.modes.base import Mode
from simulator.reading.fields import Fields
from simulator.world.event import Event


@dataclass(frozen=True, slots=True)
class Stream(Mode):
    """Sends events evenly spaced at ``load`` events per second, ``steps`` of them or without end."""

    load: Load
    steps: int | None = None

    @property
    def endless(self) -> bool:
        return self.steps is None

    def run(self, events: Iterator[Event], outlet: Outlet, clock: Clock) -> None:
        pacer = Pacer(self.load, outlet.gate(clock))
        for event in islice(events, self.steps):  # drawn before the wait, so it leaves on time
            if outlet.full or not pacer.wait():
                return
            outlet.send(event)

    def at_rate(self, load: Load) -> Mode:
        return Stream(load, steps=self.steps)


@MODES.register("stream")
def read(fields: Fields) -> Mode:
    return Stream(read_load(fields))
