"""The load backend itself: registers come from any thread, one thread plays."""

import threading
import time
from collections import deque
from collections.abc import Callable
from math import ceil

from simulator.emission.pace import Clock, Gate, Player, SystemClock
from simulator.errors import SimulatorError, StoppedError
from simulator.loadbackend.figures import Figures
from simulator.loadbackend.timeframes import Room, Timeframe
from simulator.sinks.base import Sink, Surroundings

NAP_S = 0.1  # longest wait before looking whether to stop
SAY_DRY_S = 10.0  # running dry is said at most once in this time
LONGEST_RETRY_S = 30
REMEMBERED_KEYS = 1_000


class NoRoomError(Exception):
    """The timeframe was not taken; it may be offered again in ``retry_s`` seconds."""

    def __init__(self, text: str, retry_s: int) -> None:
        super().__init__(text)
        self.retry_s = retry_s


class TooLargeError(Exception):
    """The timeframe will never be taken."""


class Backend:
    """Keeps timeframes in order and, once started, plays one after another into ``sink``.

    A second start changes nothing. When all are played it is dry: the next timeframe begins as soon as it comes.
    """

    def __init__(self, sink: Sink, *, limit_bytes: int, say: Callable[[str], None], clock: Clock | None = None) -> None:
        self._sink, self._say, self._clock = sink, say, clock or SystemClock()
        self._changed = threading.Condition()  # guards all below
        self._room = Room(limit_bytes)
        self._keys: deque[str] = deque(maxlen=REMEMBERED_KEYS)
        self._figures = Figures()
        self._started = False
        self._dry_since_s: float | None = None
        self._stopped = False
        self._said_dry_s = float("-inf")

    def register(self, body: bytes, *, key: str = "") -> None:
        """Take one timeframe; raises ValueError (wrong), NoRoomError or TooLargeError.

        A ``key`` that was taken before marks a repetition by a client that missed the answer: it is left out.
        """
        try:
            timeframe = Timeframe.parse(body)
        except ValueError:
            with self._changed:
                self._figures.refused_bad += 1
            raise
        with self._changed:
            if key and key in self._keys:
                return
            self._check_room(timeframe)
            if key:
                self._keys.append(key)
            self._room.put(timeframe)
            self._figures.registered_timeframes += 1
            self._figures.registered_events += timeframe.events
            self._changed.notify_all()

    def _check_room(self, timeframe: Timeframe) -> None:
        room = self._room
        if room.fits(timeframe):
            return
        limit = f"{room.limit_bytes / 2**20:g} MiB"
        if len(timeframe.body) > room.limit_bytes:
            raise TooLargeError(f"the timeframe is larger than all room there is ({limit})")
        self._figures.refused_full += 1
        text = f"no room: {len(room)} timeframes wait ({limit})"
        if not self._started:
            text += " and nothing plays before the start: make fewer timeframes ahead, or give --buffer more"
        raise NoRoomError(text, min(LONGEST_RETRY_S, max(1, ceil(room.seconds_till_room))))

    def start(self) -> None:
        """Begin to play."""
        with self._changed:
            self._started = True
            self._changed.notify_all()

    def stop(self) -> None:
        """End ``run`` soon. Only sets a flag, so a signal handler may call it."""
        self._stopped = True

    def status(self) -> dict[str, object]:
        """Where it stands, as JSON."""
        with self._changed:
            state = "waiting" if not self._started else "playing" if self._dry_since_s is None else "dry"
            room = self._room
            buffered = {
                "timeframes": len(room),
                "events": room.events,
                "bytes": room.bytes,
                "limit_bytes": room.limit_bytes,
            }
            return {"state": state, "buffered": buffered, **self._figures.as_json()}

    def report(self) -> list[str]:
        """The final report, one line each."""
        with self._changed:
            left = [f"{self._room.events:,} events in {len(self._room):,} timeframes were not played"]
            return [*self._figures.lines(), *(left if len(self._room) else [])]

    def run(self) -> None:
        """Play until ``stop``; raises SimulatorError when the sink takes no more."""
        try:
            self._sink.open(Surroundings(say=self._say, stopped=lambda: self._stopped))
            self._play()
        except StoppedError:
            pass
        except SimulatorError as error:
            self._close_after(error)
            raise
        self._sink.close()

    def _close_after(self, error: SimulatorError) -> None:
        self._stopped = True
        try:
            self._sink.close()
        except SimulatorError as second:
            if str(second) != str(error):
                self._say(str(second))

    def _play(self) -> None:
        self._wait_until(lambda: self._started)
        gate = Gate(clock=self._clock, say=self._say, stopped=lambda: self._stopped, idle=self._sink.idle)
        player = Player(gate)
        while True:
            timeframe = self._next(player, gate)
            begun_s = gate.now_s
            for event in player.play(timeframe.decoded(), timeframe.length_s):
                self._sink.send(event)
                self._figures.left(player.late_s, player.written_off_s)
            player.wait()
            self._figures.finished(timeframe.events, timeframe.length_s, gate.now_s - begun_s)

    def _next(self, player: Player, gate: Gate) -> Timeframe:
        with self._changed:
            if self._room:
                return self._room.take()
            since_s = self._dry_since_s = gate.now_s
            if self._figures.played_timeframes:  # before the first timeframe nothing is missed
                self._say_dry()
        self._sink.idle()
        self._wait_until(lambda: bool(self._room))
        with self._changed:
            self._dry_since_s = None
            if self._figures.played_timeframes:
                self._figures.dry_times += 1
                self._figures.dry_s += gate.now_s - since_s
            player.resume()
            return self._room.take()

    def _say_dry(self) -> None:
        now_s = time.monotonic()
        if now_s - self._said_dry_s > SAY_DRY_S:
            self._said_dry_s = now_s
            self._say(f"ran dry after {self._figures.sent:,} events: the next timeframe is played when it comes")

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            while not condition():
                if self._stopped:
                    raise StoppedError
                self._changed.wait(NAP_S)
