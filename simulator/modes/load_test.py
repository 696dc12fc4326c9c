"""``loadTest``: timeframes of events, made ahead for load backends, or played right here."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from math import floor

from simulator.emission.load import Load
from simulator.emission.outlet import Outlet
from simulator.emission.pace import Clock, Player
from simulator.errors import SimulatorError
from simulator.kinds.load import read_load
from simulator.modes import MODES
from simulator.modes.base import Mode
from simulator.reading.fields import Fields
from simulator.world.event import Event

DEFAULT_TIMEFRAME_MS = 1000.0
MAX_HELD = 1_000_000  # events of timeframes that wait in memory


@dataclass(frozen=True, slots=True)
class LoadTest(Mode):
    """Makes ``ahead`` timeframes at full speed, starts the play, then makes one in the time of one.

    ``load`` counts events per timeframe, rounded down; with ``per_second`` events per second. Load backends get
    timeframe i while they play i - ``ahead``; all other sinks get the events of that one, each at its moment.
    ``timeframe_ms`` None: as the sinks have it.
    """

    load: Load
    ahead: int = 0
    timeframe_ms: float | None = None
    per_second: bool = False

    @property
    def endless(self) -> bool:
        return True

    def run(self, events: Iterator[Event], outlet: Outlet, clock: Clock) -> None:
        length_ms = self._length_ms(outlet)
        held: deque[list[Event]] = deque()
        player: Player | None = None
        for number, timeframe in enumerate(self._timeframes(events, outlet, length_ms)):
            if player is not None:
                player.wait()
            if number == self.ahead:
                player = _begin(outlet, clock)
            outlet.register(timeframe, length_ms)
            held.append(timeframe if outlet.plays else [])
            if sum(map(len, held)) > MAX_HELD:
                raise _too_many()
            if player is not None:
                _play(held.popleft(), player, outlet, length_ms)
        if outlet.stopped():
            return
        player = player or _begin(outlet, clock)  # fewer timeframes than were to be made ahead
        while outlet.plays and held:
            player.wait()
            _play(held.popleft(), player, outlet, length_ms)

    def _length_ms(self, outlet: Outlet) -> float:
        """The longest: nobody gets timeframes faster than they can be played."""
        default = self.timeframe_ms or DEFAULT_TIMEFRAME_MS
        own = [sink.timeframe_ms or default for sink in outlet.timeframe_sinks]
        return max(own) if own else default

    def _timeframes(self, events: Iterator[Event], outlet: Outlet, length_ms: float) -> Iterator[list[Event]]:
        """Whole ones, until they hold as many events as the outlet takes."""
        made, limit, due = 0, outlet.left, 0.0
        for k in count(1):
            if outlet.stopped() or (limit is not None and made >= limit):
                return
            load = max(0.0, self.load.at_tick(k))
            due += load * length_ms / 1000
            asked = floor(due) - made if self.per_second else floor(load)
            if asked > MAX_HELD:
                raise _too_many()
            made += asked
            yield list(islice(events, asked))

    def at_rate(self, load: Load) -> Mode:
        return replace(self, load=load, per_second=True)


def _begin(outlet: Outlet, clock: Clock) -> Player:
    outlet.begin()
    return Player(outlet.gate(clock))


def _play(timeframe: list[Event], player: Player, outlet: Outlet, length_ms: float) -> None:
    for event in player.play(timeframe, length_ms / 1000):
        outlet.play(event)


def _too_many() -> SimulatorError:
    return SimulatorError(
        f"more than {MAX_HELD:,} events would wait in memory: expected a smaller load or genTimeframesTilStart"
    )


@MODES.register("loadTest")
def read(fields: Fields) -> Mode:
    fields.ignore("steps")  # bundled files have it, without a meaning
    timeframe = fields.entry("timeframe")
    return LoadTest(
        load=read_load(fields),
        ahead=fields.whole("genTimeframesTilStart", default=0),
        timeframe_ms=fields.number("timeframe", above=0) if timeframe else None,
    )
