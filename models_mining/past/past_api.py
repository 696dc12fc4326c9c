"""REST: a model as of an earlier event or moment, two such compared, and the way from one to the other. All jobs."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.http.requests import BadQuery, refuse_unknown
from foundation.numbers import whole_number
from models_mining.jobs.api import JobSerializer, start_for
from models_mining.jobs.api import answer as job_answer
from models_mining.mined_models.queries import model_for
from models_mining.mined_models.serializers import PictureSerializer
from models_mining.models import MinedModel
from models_mining.past.past_jobs import asked_of
from models_mining.past.replay_job import MOST_FRAMES
from models_mining.store import event_reader
from streams.access.views import LogAnswer
from streams.models import EventLog
from streams.parsing.moments import MomentError, parse_moment

FRAMES = 240
MOMENT = "The number of an event, or a moment (ISO 8601): then the last event received by it."


def seq_of(log: EventLog, name: str, given: str) -> int:
    """The number of the event that a query parameter names, by number or by moment; else a BadQuery."""
    last = log.next_seq - 1
    if given.isascii() and given.isdigit():
        if len(given) > 18 or int(given) > last:
            raise BadQuery({name: [f"There is no event {given[:20]} yet, the last is {last}."]})
        return int(given)
    try:
        return event_reader.seq_at(log.pk, parse_moment(given))
    except MomentError as error:
        raise BadQuery({name: [f"{error} Or give the number of an event."]}) from error


def answer(request: Request, kind: str, model: MinedModel, more: dict[str, Any]) -> Response:
    """The result of such a job (200), or the job itself to look at again (202); 409 where the model is not for it."""
    if not request.user.is_authenticated:
        raise NotAuthenticated
    return job_answer(request, start_for(request, kind, model.log, asked_of(model) | more))


def _from(request: Request, model: MinedModel) -> dict[str, int]:
    """The events ``a`` and ``b`` that a query names; without ``b`` the last one."""
    if "a" not in request.query_params:
        raise BadQuery({"a": ["Name the number of an event, or a moment."]})
    given = request.query_params.get("b")
    return {
        "a": seq_of(model.log, "a", request.query_params["a"]),
        "b": model.log.next_seq - 1 if given is None else seq_of(model.log, "b", given),
    }


class CompareView(LogAnswer[MinedModel]):
    """A model as of two moments."""

    queryset = MinedModel.objects.all()
    serializer_class = JobSerializer  # type: ignore[assignment]  # a model is asked for, a job answered

    @extend_schema(
        parameters=[
            OpenApiParameter("a", str, required=True, description=f"From here. {MOMENT}"),
            OpenApiParameter("b", str, description=f"To here; without it, to now. {MOMENT}"),
        ],
        responses={200: dict[str, Any], 202: JobSerializer},
    )
    def get(self, request: Request, pk: int) -> Response:
        """How the model as of `b` differs from the model as of `a`: nodes and edges added, removed, changed.

        A changed one has `row`, as it is in `b`, and `values`: for each that differs, both. The answer is a job (202,
        `Location` says where to look) until an equal one is done: then it is its result (200).
        """
        refuse_unknown(request, {"a", "b"})
        model = model_for(request, pk)
        return answer(request, "compare", model, _from(request, model))


class ReplaySerializer(serializers.Serializer[Any]):
    """A picture, and deltas that lead from it through a time that is past."""

    picture = PictureSerializer(help_text="As of `a`.")
    frames = PictureSerializer(many=True, help_text="Deltas as the live socket sends them; `at`: when the last came.")


class ReplayView(LogAnswer[MinedModel]):
    """How a model changed, frame by frame."""

    queryset = MinedModel.objects.all()
    serializer_class = ReplaySerializer

    @extend_schema(
        parameters=[
            OpenApiParameter("a", str, required=True, description=f"From here. {MOMENT}"),
            OpenApiParameter("b", str, description=f"To here; without it, to now. {MOMENT}"),
            OpenApiParameter(
                "frames",
                {"type": "integer", "minimum": 1, "maximum": MOST_FRAMES, "default": FRAMES},
                description="At most so many.",
            ),
        ],
        responses={200: ReplaySerializer, 202: JobSerializer},
    )
    def get(self, request: Request, pk: int) -> Response:
        """The picture as of `a`, then `frames`: what changed in each part of the time from `a` to `b`, by arrival.

        Applied one after another they end in the picture as of `b`. The answer is a job (202, `Location` says where to
        look) until an equal one is done: then it is its result (200). 409: `b` is before `a`, there are more than
        `PROCMINE_SELECTION_EVENTS` events between, or the model is no live one.
        """
        refuse_unknown(request, {"a", "b", "frames"})
        model = model_for(request, pk)
        given = request.query_params.get("frames", str(FRAMES))
        if not (frames := whole_number(given, MOST_FRAMES)):
            raise BadQuery({"frames": [f"Expected a number from 1 to {MOST_FRAMES}."]})
        return answer(request, "replay", model, _from(request, model) | {"frames": frames})
