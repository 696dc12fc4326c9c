"""BPMN diagrams of pm4py, with the Petri nets pm4py reads them as."""

from typing import Any

from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.discovery.pm4py_bridge.nets import numbered
from models_mining.core.drawing.bpmn import Bpmn, Type, fused
from models_mining.core.drawing.nets import NetError


def from_pm4py(diagram: Any) -> Bpmn:
    """A pm4py diagram as a value; equal flows between the same two nodes become one.

    Its net is pm4py's conversion without the silent steps that only lead from a node to its flow. A node other than
    start and end events, tasks and exclusive, parallel and inclusive gateways is a NetError.
    """
    load()
    from pm4py.objects.conversion.bpmn.variants import to_petri_net

    nodes = list(diagram.get_nodes())
    number = {node: at for at, node in enumerate(nodes)}
    flows: dict[tuple[int, int], Any] = {}
    for flow in list(diagram.get_flows()):
        ends = number[flow.get_source()], number[flow.get_target()]
        if flows.setdefault(ends, flow) is not flow:
            diagram.remove_flow(flow)
    net, initial, final, flow_places, _ = to_petri_net.apply(
        diagram, {to_petri_net.Parameters.RETURN_FLOW_TRANS_MAP: True}
    )
    made, places = numbered(net, initial, final)
    at: dict[str, tuple[int, ...]] = {str(flow_places[flow].name): ends for ends, flow in flows.items()}
    kinds = [_type(node) for node in nodes]
    for node in nodes:
        at[f"ent_{node.get_id()}"] = at[f"exi_{node.get_id()}"] = (number[node],)
    at["source"] = tuple(one for one, kind in enumerate(kinds) if kind == "start")[:1]
    at["sink"] = tuple(one for one, kind in enumerate(kinds) if kind == "end")[:1]
    labels = [str(node.get_name()) if kind == "task" else "" for node, kind in zip(nodes, kinds, strict=True)]
    return fused(
        Bpmn(list(zip(kinds, labels, strict=True)), list(flows), made, [at[str(place.name)] for place in places])
    )


def _type(node: Any) -> Type:
    from pm4py.objects.bpmn.obj import BPMN

    known: dict[Any, Type] = {
        BPMN.StartEvent: "start",
        BPMN.EndEvent: "end",
        BPMN.Task: "task",
        BPMN.ExclusiveGateway: "xor",
        BPMN.ParallelGateway: "and",
        BPMN.InclusiveGateway: "or",
    }
    for kind, name in known.items():
        if isinstance(node, kind):
            return name
    raise NetError(f"this diagram has a {type(node).__name__}: only tasks, start and end events and gateways are known")
