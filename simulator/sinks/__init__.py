"""Where events go: one type of sink a file, registered by name."""

from simulator.registry import Registry
from simulator.sinks.base import SinkReader

SINKS: Registry[SinkReader] = Registry("simulator.sinks")
