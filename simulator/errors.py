"""What can go wrong; the command prints each as one line (ConfigError: one line a problem)."""

from collections.abc import Iterable

from simulator.reading.problems import Problem


class SimulatorError(Exception):
    """A run cannot start or go on; the text is meant for the person who started it."""


class ConfigError(SimulatorError):
    """The configuration is wrong; ``problems`` are all there are, the text lists them, one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SinkError(SimulatorError):
    """A sink cannot take events: broker gone, connection refused, disk full."""


class OutputClosedError(SimulatorError):
    """Nobody reads our standard output any more (``| head``): a quiet end, not a failure."""


class StoppedError(SimulatorError):
    """The run was asked to stop while a sink was waiting: a clean end, not a failure."""
