"""Whether sinks and simulations agree about timeframes: what can only be seen when all files are read."""

from collections.abc import Sequence

from simulator.kinds.simulation import SimulationEntry
from simulator.kinds.sink import SinkEntry
from simulator.modes.load_test import DEFAULT_TIMEFRAME_MS, LoadTest
from simulator.reading.problems import Problems
from simulator.sinks.base import TimeframeSink


def check_timeframes(sinks: Sequence[SinkEntry], simulations: Sequence[SimulationEntry], problems: Problems) -> None:
    """Report sinks that have no timeframe, or have one and no load test."""
    for entry in sinks:
        if not isinstance(entry.sink, TimeframeSink):
            continue
        place = entry.place._replace(path=f"{entry.place.path}.timeframe")
        for simulation in simulations:
            where = f"the simulation '{simulation.name}' in {simulation.place.line_only}"
            if not isinstance(simulation.mode, LoadTest):
                if entry.sink.only_timeframes:
                    problems.error(
                        entry.place,
                        f"the sink '{entry.name}' takes timeframes of a load test, and {where} is none, expected the "
                        "type loadTest there, or the type http and no timeframe here",
                    )
            elif entry.sink.timeframe_ms is None and simulation.mode.timeframe_ms is None:
                problems.error(
                    place,
                    f"is missing, and {where} has none either, expected a number above 0, in milliseconds",
                )
    _warn_of_lengths(sinks, simulations, problems)


def _warn_of_lengths(sinks: Sequence[SinkEntry], simulations: Sequence[SimulationEntry], problems: Problems) -> None:
    own = [entry.sink.timeframe_ms for entry in sinks if isinstance(entry.sink, TimeframeSink)]
    for simulation in simulations:
        if not isinstance(simulation.mode, LoadTest):
            continue
        place = simulation.place._replace(path=f"{simulation.place.path}.timeframe")
        default = simulation.mode.timeframe_ms
        lengths = {length or default for length in own} - {None}
        if len(lengths) > 1:
            listed = ", ".join(f"{length:g}" for length in sorted(length for length in lengths if length))
            problems.warn(place, f"differs between sinks ({listed} ms): timeframes are made in the time of the longest")
        if default is None and not own:
            problems.warn(place, f"is missing, {DEFAULT_TIMEFRAME_MS:g} ms are taken")
