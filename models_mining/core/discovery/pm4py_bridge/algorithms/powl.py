"""pm4py's POWL models of variants, and in one go, as plain values."""

from collections.abc import Iterable, Mapping
from typing import Any

from models_mining.core.discovery.pm4py_bridge.frames import frame
from models_mining.core.discovery.pm4py_bridge.loading import load, pm4py_errors
from models_mining.core.discovery.pm4py_bridge.nets import from_pm4py
from models_mining.core.drawing.nets import Net
from models_mining.core.drawing.powl import Block, block
from models_mining.core.live_log import LoggedEvent, Variant


def powl(variants: Mapping[Variant, int]) -> tuple[Block, Net]:
    """The POWL model of these variants (at least one), and the Petri net it stands for."""
    pm4py = load()
    from pm4py.algo.discovery.inductive.dtypes.im_ds import IMDataStructureUVCL
    from pm4py.algo.discovery.powl.inductive.variants.im_maximal import POWLInductiveMinerMaximalOrder

    parameters = {"multiprocessing": False}
    with pm4py_errors("the POWL miner"):
        model = POWLInductiveMinerMaximalOrder(parameters).apply(IMDataStructureUVCL(dict(variants)), parameters)
        model = model.simplify()
        return _block(model), from_pm4py(*pm4py.convert_to_petri_net(model))


def batch_powl(rows: Iterable[LoggedEvent]) -> Block | None:
    """What ``pm4py.discover_powl`` finds in ``rows``; without rows nothing."""
    events = frame(rows)
    return _block(load().discover_powl(events)) if len(events) else None


def _block(model: Any) -> Block:
    from pm4py.objects.powl.obj import OperatorPOWL, StrictPartialOrder

    if isinstance(model, StrictPartialOrder):
        places = range(len(model.children))
        return block(
            "partial-order",
            [_block(child) for child in model.children],
            [(i, j) for i in places for j in places if model.order.is_edge_id(i, j)],
        )
    if isinstance(model, OperatorPOWL):
        return block(model.operator.name.lower(), [_block(child) for child in model.children])
    return block("silent") if model.label is None else block("leaf", label=model.label)
