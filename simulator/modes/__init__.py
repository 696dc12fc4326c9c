"""How a simulation runs: one type of ``kind: simulation`` a file, registered by name."""

from foundation.registry import Registry, modules_of
from simulator.modes.base import ModeReader

MODES: Registry[ModeReader] = Registry("type of simulation", lambda: modules_of(__name__))
