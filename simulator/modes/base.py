"""What every type of simulation is."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

from simulator.emission.load import Load
from simulator.emission.outlet import Outlet
from simulator.emission.pace import Clock
from simulator.reading.fields import Fields
from simulator.world.event import Event


class Mode(ABC):
    """Decides when events leave and how many; a value, so it may run again."""

    @property
    @abstractmethod
    def endless(self) -> bool:
        """Whether it never ends by itself."""

    @abstractmethod
    def run(self, events: Iterator[Event], outlet: Outlet, clock: Clock) -> None:
        """Send events until the end of this simulation, or until the outlet is closed for more."""

    @abstractmethod
    def at_rate(self, load: Load) -> "Mode":
        """The same, at this load instead of its own."""


ModeReader = Callable[[Fields], Mode]
"""Reads the fields of one type of simulation beyond the common ones."""
