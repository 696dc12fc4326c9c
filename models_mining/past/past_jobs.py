"""Jobs that look back: the picture of a model as of an event, and two such pictures compared."""

from typing import Any

from django.utils import timezone

from foundation.moments import moment_text
from models_mining.core.discovery import ALGORITHMS, ParameterError
from models_mining.core.discovery.registry import NotDerivableError
from models_mining.core.drawing.changes import compare
from models_mining.core.drawing.drawing import Drawing
from models_mining.jobs.jobs import Refusal, Task, job
from models_mining.mined_models import pictures
from models_mining.models import MinedModel
from models_mining.past import time_travel
from models_mining.past.time_travel import Asked
from streams.models import Event

SECONDS = 60.0  # at most: somebody waits for it


def asked_of(model: MinedModel) -> dict[str, Any]:
    """A model as parameters of a job: what it is now, so that a change of the row is another job."""
    return {"algorithm": model.algorithm, "parameters": model.parameters, "cases": model.cases}


def checked_model(parameters: dict[str, Any], numbers: tuple[str, ...], *more: str) -> dict[str, Any]:
    """Parameters of a job on a model, complete: the model, ``numbers`` from 0 and whatever else; else a Refusal."""
    if parameters.keys() != (names := {"algorithm", "parameters", "cases", *numbers, *more}):
        raise Refusal(f"Expected {', '.join(sorted(names))}.")
    if parameters["algorithm"] not in ALGORITHMS or parameters["cases"] not in MinedModel.Cases.values:
        raise Refusal(f"There is no model {parameters['algorithm']} over {parameters['cases']} cases.")
    try:
        complete = ALGORITHMS[parameters["algorithm"]].check(parameters["parameters"])
    except ParameterError as error:
        raise Refusal(str(error)) from error
    for name in numbers:
        if type(parameters[name]) is not int or parameters[name] < 0:
            raise Refusal(f"{name}: expected a number from 0.")
    return {**parameters, "parameters": complete}


@job("picture", seconds=SECONDS, check=lambda parameters: checked_model(parameters, ("as_of",)))
def picture(task: Task) -> dict[str, Any]:
    """The picture of a model as of an event. Its ``version`` is 0: no delta leads to it or from it."""
    seq = task.parameters["as_of"]
    received_at = (
        Event.objects.filter(log=task.log, seq__lte=seq).order_by("-seq").values_list("received_at", flat=True)
    )
    at = moment_text(received_at.first() or timezone.now())
    return pictures.snapshot(
        pictures.next_picture(None, _drawing(task, seq), epoch=f"as of {seq}", version=0, seq=seq, at=at)
    )


@job("compare", seconds=SECONDS, check=lambda parameters: checked_model(parameters, ("a", "b")))
def compared(task: Task) -> dict[str, Any]:
    """How a model as of event ``b`` differs from the same as of ``a``: what was added, what went, what changed."""
    before = _drawing(task, task.parameters["a"])
    task.progress(0.5)
    after = _drawing(task, task.parameters["b"])
    return {"a": task.parameters["a"], "b": task.parameters["b"], **compare(before, after)}


def _drawing(task: Task, seq: int) -> Drawing:
    if task.log is None:
        raise Refusal("Which log?")
    given = task.parameters
    try:
        return time_travel.drawing_at(task.log, seq, Asked(given["algorithm"], given["parameters"], given["cases"]))
    except (NotDerivableError, LookupError) as error:
        raise Refusal(f"There is no such model as of event {seq}: {error}") from error
