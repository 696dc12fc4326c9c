"""``countBased``: so many events, as fast as can be."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from simulator.emission.load import Load
from simulator.emission.outlet import Outlet
from simulator.emission.pace import Clock
from simulator.modes import MODES
from simulator.modes.base import Mode
from simulator.modes.stream import Stream
from simulator.reading.fields import Fields
from simulator.world.event import Event


@dataclass(frozen=True, slots=True)
class CountBased(Mode):
    """Sends ``steps`` events (not cases)."""

    steps: int

    @property
    def endless(self) -> bool:
        return False

    def run(self, events: Iterator[Event], outlet: Outlet, clock: Clock) -> None:
        outlet.send_all(islice(events, self.steps))

    def at_rate(self, load: Load) -> Mode:
        return Stream(load, steps=self.steps)


@MODES.register("countBased")
def read(fields: Fields) -> Mode:
    return CountBased(fields.whole("steps"))
