"""What can go wrong; the command prints each as one line (ConfigError: one line a problem)."""


class SimulatorError(Exception):
    """A run cannot start or go on; the text is meant for the person who started it."""


class ConfigError(SimulatorError):
    """The configuration is wrong; the text lists every problem, one a line."""


class SinkError(SimulatorError):
    """A sink cannot take events: broker gone, connection refused, disk full."""


class OutputClosedError(SimulatorError):
    """Nobody reads our standard output any more (``| head``): a quiet end, not a failure."""


class StoppedError(SimulatorError):
    """The run was asked to stop while a sink was waiting: a clean end, not a failure."""
