"""The job that aligns one case with the Petri net of a model."""

from typing import Any

from models_mining.core.nets import Net
from models_mining.jobs import Refusal, Task, job
from models_mining.models import Case, MinedModel
from streams.models import Event

SECONDS = 60.0  # an alignment may take exponentially long
SEARCH_S = 50.0  # of these, what is left after pm4py is loaded


def _checked(parameters: dict[str, Any]) -> dict[str, Any]:
    """``model`` and ``derived_at`` of its net; ``case``, as of event ``upto``."""
    if parameters.keys() != {"model", "derived_at", "case", "upto"}:
        raise Refusal("Expected model, derived_at, case, upto.")
    return parameters


@job("align", check=_checked, seconds=SECONDS)
def align(task: Task) -> dict[str, Any]:
    """What the case did beside the net, and what the net wanted and the case lacks: as few deviations as possible.

    An open case is aligned as the beginning of a run: any marking may be its last.
    """
    from models_mining.core.discovery.pm4py_bridge.alignments import align as aligned  # pm4py: not in the web process

    given = task.parameters
    model = MinedModel.objects.filter(pk=given["model"], log=task.log).first()
    if model is None or not model.definition:
        raise Refusal("This model has no Petri net (any more).")
    events = Event.objects.filter(log=task.log, case=given["case"], seq__lte=given["upto"]).order_by("at", "seq")
    trace = list(events.values_list("activity", flat=True))
    if not trace:
        raise Refusal(f"There is no case {given['case']}.")
    closed = Case.objects.filter(log=task.log, case=given["case"]).exclude(closed_at=None).exists()
    found = aligned(Net.from_data(model.definition["net"]), trace, closed=closed, time_limit_s=SEARCH_S)
    if found is None:
        raise Refusal(f"There is no alignment: no run of the net ends, or none was found within {SEARCH_S:g} s.")
    return {
        "case": given["case"],
        "closed": closed,
        "deviations": found.deviations,
        "cost": found.cost,
        "moves": [move._asdict() for move in found.moves],
    }
