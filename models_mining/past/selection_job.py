"""The job behind filters of the live view: a model over some cases of a log."""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from foundation.moments import moment_text
from models_mining.core.discovery.registry import NotDerivableError, derive
from models_mining.jobs.jobs import Refusal, Task, job
from models_mining.mined_models import pictures
from models_mining.mined_models.case_positions import CasePositions
from models_mining.past import selection
from models_mining.past.past_jobs import checked_model
from models_mining.past.time_travel import Asked

SECONDS = 60.0
KEPT = timedelta(seconds=2)  # then whoever still looks has it mined anew


@job("selection", check=lambda parameters: checked_model(parameters, (), "query"), seconds=SECONDS, kept=KEPT)
def selected(task: Task) -> dict[str, Any]:
    """The picture of a model over the cases that a query leaves, with ``selection``: how many they are.

    Its ``version`` is 0: no delta leads to it or from it.
    """
    if task.log is None:
        raise Refusal("Which log?")
    began = time.monotonic()
    given = task.parameters
    query: Mapping[str, str] = given["query"]
    asked = Asked(given["algorithm"], given["parameters"], given["cases"])
    try:
        found = selection.select(task.log, query, settings.SELECTION_EVENTS)
        live = selection.live_log(task.log, found, asked.row(task.log), lambda part: task.progress(0.9 * part))
        drawing = derive(asked.algorithm, live, asked.cases, asked.parameters)
    except selection.TooManyError as error:
        raise Refusal(str(error)) from error
    except (NotDerivableError, LookupError) as error:
        raise Refusal(f"There is no such model of these cases: {error}") from error
    where = CasePositions(task.log.pk)
    placed = where.draw(drawing, live, asked.cases)
    while not where.complete:
        placed = where.draw(drawing, live, asked.cases)
    now = moment_text(timezone.now())
    picture = pictures.next_picture(None, placed, epoch="selection", version=0, seq=found.seq, at=now)
    of = {"cases": len(found.cases), "events": found.events, "took_s": round(time.monotonic() - began, 3)}
    return pictures.snapshot(picture) | {"selection": of}
