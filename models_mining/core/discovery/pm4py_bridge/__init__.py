"""The way to pm4py: no module outside this package imports it, and none in it before it is needed."""

from models_mining.core.discovery.pm4py_bridge.frames import ACTIVITY, CASE, TIME, batch_dfg, frame

__all__ = ["ACTIVITY", "CASE", "TIME", "batch_dfg", "frame"]
