"""What every sink is, and what one is made from."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from simulator.reading.fields import Fields
from simulator.world.event import Event


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a sink may use of the run: ``say`` tells the person who started it, ``stopped`` ends long waits."""

    say: Callable[[str], None]
    stopped: Callable[[], bool]


class Sink(ABC):
    """Takes events, in the order in which they are sent.

    A sink is made while configurations are read, so making one touches nothing outside; ``open`` connects.
    Any of the methods may raise SinkError, which ends the run.
    """

    def open(self, surroundings: Surroundings) -> None:  # noqa: B027 (most sinks have nothing to open)
        """Connect; called once before the first event."""

    @abstractmethod
    def send(self, event: Event) -> None:
        """Take one event. May block while the other side is slow."""

    def idle(self) -> None:  # noqa: B027
        """Nothing happens for a moment: write out what is held back."""

    def close(self) -> None:  # noqa: B027
        """Write out everything and disconnect; called once, also after a failed run."""


class TimeframeSink(Sink):
    """A sink that can also hand over whole timeframes ahead of time, to a load backend that plays them.

    Under ``loadTest`` events come by ``collect`` instead of ``send``. ``timeframe_ms`` is its own length of a
    timeframe (None: that of the simulation); ``only_timeframes`` tells that it means nothing under other types.
    """

    timeframe_ms: float | None
    only_timeframes: bool

    @abstractmethod
    def collect(self, event: Event) -> None:
        """Put one event into the open timeframe."""

    @abstractmethod
    def register(self, timeframe_ms: float) -> None:
        """Hand over the open timeframe, also an empty one, and open the next; ``timeframe_ms`` is the default."""

    @abstractmethod
    def begin(self) -> None:
        """Tell the other side to begin playing."""


class CallableSink(Sink):
    """Any function of an event as a sink."""

    def __init__(self, take: Callable[[Event], object]) -> None:
        self._take = take

    def send(self, event: Event) -> None:
        self._take(event)


@dataclass(frozen=True, slots=True)
class SinkHead:
    """What all types of sink have in common: ``id`` is the prefix of a console line, by default the name."""

    name: str
    id: str


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line sets, whatever the files say: broker of ``mqtt``, case prefix of ``mqtt`` and ``log``."""

    broker: str | None = None
    case_prefix: str | None = None


SinkReader = Callable[[Fields, SinkHead, Overrides], Sink]
"""Reads what one type of sink needs beyond the common fields."""
