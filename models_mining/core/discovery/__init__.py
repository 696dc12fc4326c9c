"""Models derived from a live log. Importing this package registers every algorithm; none imports pm4py by it."""

from models_mining.core.discovery import declare, dfg, log_skeleton, powl, transition_system
from models_mining.core.discovery.registry import MINERS, Miner, Parameter, ParameterError, derive, get

__all__ = [
    "MINERS",
    "Miner",
    "Parameter",
    "ParameterError",
    "declare",
    "derive",
    "dfg",
    "get",
    "log_skeleton",
    "powl",
    "transition_system",
]
