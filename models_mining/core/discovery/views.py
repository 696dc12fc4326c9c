"""What a model can be shown as."""

from models_mining.core.discovery.registry import Parameter

TREE_VIEW = Parameter(
    "view",
    "tree",
    "what the model is shown as: the process tree itself, the Petri net or the BPMN diagram of it",
    choices=("tree", "petri-net", "bpmn"),
)
BPMN_VIEW = Parameter(
    "view",
    "bpmn",
    "what the model is shown as: the BPMN diagram, or the Petri net of it",
    choices=("bpmn", "petri-net"),
)
