"""The Python entry: gather a configuration, run its simulations one after another into the sinks.

>>> from simulator.simulation import Simulation
>>> events = []
>>> Simulation(seed=7).add_directory("simulator/examples/factory").add_sink(events.append)  # doctest: +SKIP
>>> _.run(count=1000)  # doctest: +SKIP
1000
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Self

import yaml

from foundation.moments import microseconds
from simulator.config import Config, check_order, load_config
from simulator.emission.load import ConstantLoad
from simulator.emission.outlet import Outlet
from simulator.emission.pace import Clock, SystemClock
from simulator.errors import ConfigError, SimulatorError, StoppedError
from simulator.kinds.sink import SinkEntry
from simulator.reading.problems import Place, Problems
from simulator.sinks.base import CallableSink, Overrides, Sink, Surroundings
from simulator.world.chain import Datasource
from simulator.world.event import Event
from simulator.world.walk import Walk


class Simulation:
    """A configuration that can be run, and stopped from another thread or a signal handler.

    Every ``add_`` returns the simulation, so that they chain. What was added is read as a whole, when it is first
    needed: the order does not matter, and a ConfigError then tells every problem of all of it. A ``config`` that is
    checked already may be given instead.

    The same configuration, ``seed`` and start give the same events; without a seed every run differs. ``say`` gets
    what a person should know while it runs (a lost connection, a rate that cannot be kept).
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        seed: int | None = None,
        say: Callable[[str], None] | None = None,
        clock: Clock | None = None,
        overrides: Overrides | None = None,
    ) -> None:
        self._loaded = config
        self._checked_before = config is not None
        self._paths: list[Path | str] = []
        self._texts: list[tuple[str, str]] = []
        self._overrides = overrides
        self._seed = seed
        self._say = say or (lambda text: None)
        self._clock = clock or SystemClock()
        self._added_sinks: list[SinkEntry] = []
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
        made = cls(seed=seed, say=say, overrides=Overrides(broker, case_prefix))
        made._add(paths=paths)
        made.config  # noqa: B018  (raises what is wrong now, not at the run)
        return made

    def add_directory(self, path: Path | str) -> Self:
        """Also read the visible ``*.yaml``, ``*.yml`` and ``*.json`` of a directory, in name order."""
        return self._add(paths=[path])

    def add_file(self, path: Path | str) -> Self:
        """Also read this file."""
        return self._add(paths=[path])

    def add_text(self, text: str, label: str = "text") -> Self:
        """Also read this YAML; ``label`` stands where a problem names its file."""
        return self._add(texts=[(label, text)])

    def add_datasource(self, name: str, **spec: Any) -> Self:
        """A datasource from Python: the fields of its ``spec``, as a file would have them (``name`` by default)."""
        return self._add_document("datasource", name, {"name": name} | spec)

    def add_simulation(self, name: str, **spec: Any) -> Self:
        """A simulation from Python: the fields of its ``spec``, as a file would have them."""
        return self._add_document("simulation", name, spec)

    def _add_document(self, kind: str, name: str, spec: dict[str, Any]) -> Self:
        document = {"kind": kind, "name": name, "spec": spec}
        return self._add(texts=[(f"{kind} '{name}'", yaml.safe_dump(document, sort_keys=False))])

    def _add(self, paths: Iterable[Path | str] = (), texts: Iterable[tuple[str, str]] = ()) -> Self:
        if self._checked_before:
            raise ValueError("this simulation was made from a checked configuration; begin with Simulation()")
        self._paths += paths
        self._texts += texts
        self._loaded = None
        return self

    def add_sink(
        self, sink: Sink | Callable[[Event], object], *, name: str = "added", nodes: Iterable[str] | None = None
    ) -> Self:
        """Also send to this sink, or call this function: the events of ``nodes``, or all."""
        refs = None if nodes is None else frozenset(nodes)
        made = sink if isinstance(sink, Sink) else CallableSink(sink)
        self._added_sinks.append(SinkEntry(name, Place(name), refs, made))
        return self

    def sink(self, name: str) -> Sink:
        """The first sink of this name; KeyError where there is none."""
        for entry in self._sinks:
            if entry.name == name:
                return entry.sink
        raise KeyError(name)

    def datasource(self, name: str) -> Datasource:
        """The datasource of this name, the outer one or that of its ``spec``; KeyError where there is none."""
        datasources = self.config.chain.datasources
        for datasource in datasources.values():
            if name == datasource.node and name not in datasources:
                return datasource
        return datasources[name]

    @property
    def config(self) -> Config:
        """All that was added, checked; raises ConfigError with every problem of it."""
        if self._loaded is None:
            self._loaded = load_config(
                self._paths, texts=self._texts, overrides=self._overrides, sinks_follow=True, counted=True
            )
        return self._loaded

    @property
    def _sinks(self) -> list[SinkEntry]:
        return [*self.config.sinks, *self._added_sinks]

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
        walk = Walk(self.config.chain, random=Random(self._seed), start_at_us=microseconds(first_at))
        surroundings = Surroundings(say=self._say, stopped=lambda: self._stopped)
        nodes = [datasource.node for datasource in self.config.chain.datasources.values()]
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
            check_order(self.config.simulations, problems)
        if problems.errors:
            raise ConfigError(problems.errors)

    def _run_all(self, walk: Walk, outlet: Outlet, rate: float | None) -> None:
        for entry in self.config.simulations:
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
