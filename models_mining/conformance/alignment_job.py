"""The job that aligns one case with the Petri net of a mined model or a reference model."""

from typing import Any

from models_mining.core.drawing.nets import Net
from models_mining.jobs.jobs import Refusal, Task, job
from models_mining.models import Case, MinedModel, ReferenceModel
from streams.models import Event

SECONDS = 60.0  # an alignment may take exponentially long
SEARCH_S = 50.0  # of these, what is left after pm4py is loaded


def _checked(parameters: dict[str, Any]) -> dict[str, Any]:
    """``model`` and ``derived_at`` of its net, or ``reference``; ``case``, as of event ``upto``."""
    if parameters.keys() not in ({"model", "derived_at", "case", "upto"}, {"reference", "case", "upto"}):
        raise Refusal("Expected model and derived_at, or reference; and case, upto.")
    return parameters


def _net(task: Task) -> Net:
    given = task.parameters
    if "reference" in given:
        reference = ReferenceModel.objects.filter(pk=given["reference"], log=task.log).first()
        found = reference.drawing if reference is not None else None
    else:
        model = MinedModel.objects.filter(pk=given["model"], log=task.log).first()
        found = model.definition if model is not None else None
    if not found or "net" not in found:
        raise Refusal("This model has no Petri net (any more).")
    return Net.from_data(found["net"])


@job("align", check=_checked, seconds=SECONDS)
def align(task: Task) -> dict[str, Any]:
    """What the case did beside the net, and what the net wanted and the case lacks: as few deviations as possible.

    An open case is aligned as the beginning of a run: any marking may be its last.
    """
    from models_mining.core.discovery.pm4py_bridge.alignments import align as aligned  # pm4py: not in the web process

    given = task.parameters
    net = _net(task)
    events = Event.objects.filter(log=task.log, case=given["case"], seq__lte=given["upto"]).order_by("at", "seq")
    trace = list(events.values_list("activity", flat=True))
    if not trace:
        raise Refusal(f"There is no case {given['case']}.")
    closed = Case.objects.filter(log=task.log, case=given["case"]).exclude(closed_at=None).exists()
    found = aligned(net, trace, closed=closed, time_limit_s=SEARCH_S)
    if found is None:
        raise Refusal(f"There is no alignment: no run of the net ends, or none was found within {SEARCH_S:g} s.")
    return {
        "case": given["case"],
        "closed": closed,
        "deviations": found.deviations,
        "cost": found.cost,
        "moves": [move._asdict() for move in found.moves],
    }
