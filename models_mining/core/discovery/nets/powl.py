"""POWL: what must wait for what, with choices and loops."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from models_mining.core.discovery.pm4py_bridge.algorithms.powl import batch_powl, powl
from models_mining.core.discovery.registry import miner
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.incomplete import remarked, where_all_cases_are_in
from models_mining.core.drawing.powl import draw_powl
from models_mining.core.drawing.structure import structure_differences
from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent, variants_of


@where_all_cases_are_in
def audit(
    drawing: Mapping[str, Any], rows: Iterable[LoggedEvent], closed: Collection[str], parameters: Mapping[str, Any]
) -> list[str]:
    """How ``drawing`` differs from pm4py's POWL model of ``rows``."""
    batch = batch_powl(rows)
    drawn = Drawing(kind="powl", nodes=[], edges=[]) if batch is None else draw_powl(batch)
    return structure_differences(drawing, drawn, edge_fields=("type", "place"))


@miner(
    name="powl",
    source="Kourani, van Zelst: POWL: Partially Ordered Workflow Language, BPM 2023; pm4py.discover_powl (maximal)",
    cost="slow",
    needs="variants",
    pm4py=True,
    audit=audit,
)
def mine(log: LiveLog, cases: CaseSet = "all") -> Drawing:
    """What must wait for what, with choices and loops: a process tree whose blocks may be partial orders."""
    variants = variants_of(log, cases)
    if not variants.counts:
        return remarked(variants, Drawing(kind="powl", nodes=[], edges=[]))
    model, net = powl(variants.counts)
    drawing = draw_powl(model)
    drawing["net"] = net.to_data()
    return remarked(variants, drawing)
