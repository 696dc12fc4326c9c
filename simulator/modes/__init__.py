"""How a simulation runs: one type of ``kind: simulation`` a file, registered by name."""

from simulator.modes.base import ModeReader
from simulator.registry import Registry

MODES: Registry[ModeReader] = Registry("simulator.modes")
