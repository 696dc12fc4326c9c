"""Models derived from a live log. Importing this package registers every algorithm; none imports pm4py by it."""

from models_mining.core.discovery import dfg
from models_mining.core.discovery.registry import MINERS, Miner, Parameter, ParameterError, derive, get

__all__ = ["MINERS", "Miner", "Parameter", "ParameterError", "derive", "dfg", "get"]
