"""Where events go: one type of sink a file, registered by name."""

from foundation.registry import Registry, modules_of
from simulator.sinks.base import SinkReader

SINKS: Registry[SinkReader] = Registry("type of sink", lambda: modules_of(__name__))
