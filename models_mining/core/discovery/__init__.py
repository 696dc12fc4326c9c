"""Models derived from a live log. Importing this package registers every algorithm; none imports pm4py by it.

What it exports is also all that an algorithm of another package needs (docs/algorithms/own.md).
"""

from models_mining.core.discovery import installed
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
    miner,
)
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent, variants_of

__all__ = [
    "ALGORITHMS",
    "Algorithm",
    "CaseSet",
    "Drawing",
    "LiveLog",
    "LoggedEvent",
    "NotDerivableError",
    "Parameter",
    "ParameterError",
    "derive",
    "get",
    "miner",
    "variants_of",
]

installed.load()  # last: they import the names above
