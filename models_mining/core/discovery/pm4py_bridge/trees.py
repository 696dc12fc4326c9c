"""Process trees of pm4py: as values here, and the other views of them."""

from typing import Any, Literal

from models_mining.core.discovery.pm4py_bridge.bpmn import from_pm4py as bpmn_from_pm4py
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.discovery.pm4py_bridge.nets import from_pm4py as net_from_pm4py
from models_mining.core.drawing.bpmn import draw_bpmn
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.net_drawing import draw_net
from models_mining.core.drawing.trees import Operator, Tree, draw_tree

View = Literal["tree", "petri-net", "bpmn"]

_OPERATORS: dict[str, Operator] = {
    "->": "sequence",
    "X": "xor",
    "+": "parallel",
    "*": "loop",
    "O": "or",
    "<>": "interleaving",
}


def from_pm4py(tree: Any) -> Tree:
    """A pm4py process tree as a value, sorted."""

    def value(node: Any) -> Tree:
        if node.operator is not None:
            return Tree(_OPERATORS[node.operator.value], children=tuple(value(child) for child in node.children))
        return Tree("silent") if node.label is None else Tree("leaf", str(node.label))

    return value(tree).sorted()


def to_pm4py(tree: Tree) -> Any:
    """The same tree for pm4py."""
    load()
    from pm4py.objects.process_tree.obj import Operator as Pm4pyOperator
    from pm4py.objects.process_tree.obj import ProcessTree

    sign: dict[str, str] = {name: value for value, name in _OPERATORS.items()}

    def made(node: Tree, parent: Any) -> Any:
        if not node.children:
            return ProcessTree(label=node.label if node.type == "leaf" else None, parent=parent)
        found = ProcessTree(operator=Pm4pyOperator(sign[node.type]), parent=parent)
        found.children = [made(child, found) for child in node.children]
        return found

    return made(tree, None)


def draw(tree: Tree | None, view: View) -> Drawing:
    """The tree itself, or the Petri net or the BPMN diagram pm4py makes of it. No tree: an empty drawing."""
    if tree is None:
        return Drawing(kind="process-tree" if view == "tree" else view, nodes=[], edges=[])
    if view == "bpmn":
        return draw_bpmn(bpmn_from_pm4py(load().convert_to_bpmn(to_pm4py(tree))))
    net = net_from_pm4py(*load().convert_to_petri_net(to_pm4py(tree)))
    return draw_net(net) if view == "petri-net" else draw_tree(tree, net)
