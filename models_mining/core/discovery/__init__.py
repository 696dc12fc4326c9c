"""Models derived from a live log. Importing this package registers every algorithm; none imports pm4py by it."""

from models_mining.core.discovery import (  # noqa: F401  (importing registers)
    alpha,
    alpha_plus,
    declare,
    dfg,
    eventually_follows,
    footprints,
    heuristics,
    heuristics_net,
    ilp,
    im,
    imd,
    imf,
    log_skeleton,
    lossy_dfg,
    min_self_distance,
    powl,
    prefix_tree,
    split,
    transition_system,
)
from models_mining.core.discovery.registry import (
    MINERS,
    Miner,
    NotDerivableError,
    Parameter,
    ParameterError,
    derive,
    get,
)

__all__ = ["MINERS", "Miner", "NotDerivableError", "Parameter", "ParameterError", "derive", "get"]
