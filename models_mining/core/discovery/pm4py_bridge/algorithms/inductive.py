"""pm4py's inductive miners that need variants, and the same in one go."""

from collections.abc import Iterable, Mapping
from typing import Any

from models_mining.core.discovery.pm4py_bridge.frames import frame
from models_mining.core.discovery.pm4py_bridge.loading import load, pm4py_errors
from models_mining.core.discovery.pm4py_bridge.trees import from_pm4py
from models_mining.core.drawing.trees import Tree
from models_mining.core.live_log import LoggedEvent, Variant

PARAMETERS = {"multiprocessing": False}


def inductive(variants: Mapping[Variant, int], noise_threshold: float | None = None) -> Tree | None:
    """The tree of these variants, None of none; with a noise threshold, that of the inductive miner's variant IMf."""
    if not variants:
        return None
    load()
    from pm4py.algo.discovery.inductive.dtypes.im_ds import IMDataStructureUVCL
    from pm4py.algo.discovery.inductive.variants.im import IMUVCL
    from pm4py.algo.discovery.inductive.variants.imf import IMFUVCL
    from pm4py.objects.process_tree.utils.generic import fold

    miner = IMUVCL if noise_threshold is None else IMFUVCL
    parameters = PARAMETERS | {"noise_threshold": noise_threshold or 0.0}
    with pm4py_errors("the inductive miner"):
        return from_pm4py(fold(miner(parameters).apply(IMDataStructureUVCL(dict(variants)), parameters)))


def batch_inductive(rows: Iterable[LoggedEvent], noise_threshold: float | None = None) -> Tree | None:
    """pm4py's tree of ``rows``."""
    events = frame(rows)
    if events.empty:
        return None
    load()
    from pm4py.algo.discovery.inductive import algorithm

    variant = algorithm.Variants.IM if noise_threshold is None else algorithm.Variants.IMf
    parameters: dict[str, Any] = PARAMETERS | {"noise_threshold": noise_threshold or 0.0}
    return from_pm4py(algorithm.apply(events, parameters=parameters, variant=variant))
