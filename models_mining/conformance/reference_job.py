"""The job that reads the file of a reference model: hostile ones are, in a process with limits of its own."""

import time
from typing import Any

from models_mining.conformance import references
from models_mining.core.conformance.references import UnfitError, try_out
from models_mining.core.drawing.nets import Net
from models_mining.jobs.jobs import Refusal, Task, job
from models_mining.models import ReferenceModel

SECONDS = 60.0


def _checked(parameters: dict[str, Any]) -> dict[str, Any]:
    """``reference``, a number."""
    if parameters.keys() != {"reference"}:
        raise Refusal("Expected reference.")
    return parameters


@job("reference", check=_checked, seconds=SECONDS)
def read_reference(task: Task) -> dict[str, Any]:
    """Whether a file can be a reference model, and what is wrong with it if not."""
    from models_mining.core.discovery.pm4py_bridge.files import read  # pm4py: not in the web process

    reference = ReferenceModel.objects.filter(pk=task.parameters["reference"], log=task.log).first()
    if reference is None:
        raise Refusal("There is no such reference model any more.")
    try:
        drawing = read(reference.kind, reference.source)  # type: ignore[arg-type]  # of a file
        try_out(Net.from_data(drawing["net"]), time.process_time)
    except UnfitError as error:
        references.refuse(reference.pk, str(error))
        return {"state": "refused", "error": str(error)}
    references.take_over(reference.pk, dict(drawing))
    return {"state": "ready", "error": ""}
