"""A run: the configured simulations, one after another, through one chain into the sinks.

>>> from simulator.simulation import Simulation
>>> Simulation.load(["simulator/examples/factory"], seed=7).run(count=1000)  # doctest: +SKIP
1000
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Self

from simulator.config import Config, check_order, load_config
from simulator.errors import ConfigError, SimulatorError, StoppedError
from simulator.event import Event, microseconds
from simulator.kinds.sink import SinkEntry
from simulator.load import ConstantLoad
from simulator.outlet import Outlet
from simulator.pace import Clock, SystemClock
from simulator.reading.problems import Place, Problems
from simulator.sinks.base import CallableSink, Overrides, Sink, Surroundings
from simulator.walk import Walk


class Simulation:
    """A loaded configuration that can be run, and stopped from another thread or a signal handler.

    The same configuration, ``seed`` and start give the same events; without a seed every run differs. ``say`` gets
    what a person should know while it runs (a lost connection, a rate that cannot be kept).
    """

    def __init__(
        self,
        config: Config,
        *,
        seed: int | None = None,
        say: Callable[[str], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._config = config
        self._seed = seed
        self._say = say or (lambda text: None)
        self._clock = clock or SystemClock()
        self._sinks = list(config.sinks)
        self._stopped = False
        self._outlet: Outlet | None = None

    @classmethod
    def load(
        cls,
        paths: Iterable[Path | str],
        *,
        seed: int | None = None,
        broker: str | None = None,
        case_prefix: str | None = None,
        say: Callable[[str], None] | None = None,
    ) -> Self:
        """Read files and directories; raises ConfigError with every problem of all of them.

        ``broker`` and ``case_prefix`` replace those of every ``mqtt`` sink.
        """
        overrides = Overrides(broker, case_prefix)
        config = load_config(paths, overrides=overrides, sinks_follow=True, counted=True)
        return cls(config, seed=seed, say=say)

    def add_sink(
        self, sink: Sink | Callable[[Event], object], *, name: str = "added", nodes: Iterable[str] | None = None
    ) -> Self:
        """Also send to this sink, or call this function: the events of ``nodes``, or all."""
        refs = None if nodes is None else frozenset(nodes)
        made = sink if isinstance(sink, Sink) else CallableSink(sink)
        self._sinks.append(SinkEntry(name, Place(name), refs, made))
        return self

    def sink(self, name: str) -> Sink:
        """The first sink of this name; KeyError where there is none."""
        for entry in self._sinks:
            if entry.name == name:
                return entry.sink
        raise KeyError(name)

    @property
    def sent(self) -> int:
        """Events sent by the present or last run."""
        return self._outlet.sent if self._outlet else 0

    def stop(self) -> None:
        """End the run soon and cleanly. Only sets a flag, so a signal handler may call it."""
        self._stopped = True

    def run(self, *, count: int | None = None, rate: float | None = None, start: datetime | None = None) -> int:
        """Send events until the simulations end, ``count`` are sent or ``stop`` is called; returns how many.

        ``rate`` (events per second) replaces the load of every simulation. ``start`` is the first simulated moment,
        aware; by default now. Raises SimulatorError when the run cannot go on; sinks are closed in any case.
        """
        self._check(counted=count is not None)
        first_at = datetime.now(UTC) if start is None else start
        walk = Walk(self._config.chain, random=Random(self._seed), start_at_us=microseconds(first_at))
        surroundings = Surroundings(say=self._say, stopped=lambda: self._stopped)
        nodes = [datasource.node for datasource in self._config.chain.datasources.values()]
        self._outlet = outlet = Outlet(self._sinks, nodes, surroundings=surroundings, limit=count)
        try:
            outlet.open()
            self._run_all(walk, outlet, rate)
        except StoppedError:
            pass
        except SimulatorError as error:
            self._close_after(error, outlet)
            raise
        except BaseException:
            self._close_after(None, outlet)
            raise
        outlet.close()
        return outlet.sent

    def _check(self, *, counted: bool) -> None:
        problems = Problems()
        if not self._sinks:
            problems.error(Place("configuration"), "there is no sink, expected one in a file or by add_sink")
        if not counted:
            check_order(self._config.simulations, problems)
        if problems.errors:
            raise ConfigError("\n".join(str(problem) for problem in problems.errors))

    def _run_all(self, walk: Walk, outlet: Outlet, rate: float | None) -> None:
        for entry in self._config.simulations:
            if self._stopped or outlet.full:
                return
            mode = entry.mode if rate is None else entry.mode.at_rate(ConstantLoad(rate))
            mode.run(walk.events(entry.concurrent_cases), outlet, self._clock)

    def _close_after(self, error: SimulatorError | None, outlet: Outlet) -> None:
        """Close the sinks of a run that failed; what fails now is told, and does not hide the first failure."""
        self._stopped = True
        try:
            outlet.close()
        except SimulatorError as second:
            if str(second) != str(error):
                self._say(str(second))
