"""Models derived from a live log. Importing this package registers every algorithm; none imports pm4py by it."""

from models_mining.core.discovery.constraints import (  # noqa: F401  (importing registers)
    declare,
    log_skeleton,
)
from models_mining.core.discovery.graphs import (  # noqa: F401  (importing registers)
    dfg,
    eventually_follows,
    footprints,
    lossy_dfg,
    min_self_distance,
    prefix_tree,
    transition_system,
)
from models_mining.core.discovery.nets import (  # noqa: F401  (importing registers)
    alpha,
    alpha_plus,
    heuristics,
    heuristics_net,
    ilp,
    im,
    imd,
    imf,
    powl,
    split,
)
from models_mining.core.discovery.registry import (
    ALGORITHMS,
    Algorithm,
    NotDerivableError,
    Parameter,
    ParameterError,
    derive,
    get,
)

__all__ = ["ALGORITHMS", "Algorithm", "NotDerivableError", "Parameter", "ParameterError", "derive", "get"]
