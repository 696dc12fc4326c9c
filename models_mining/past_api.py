"""REST: the picture of a model as of an earlier event or moment, and two of them compared. Both are jobs."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from models_mining import jobs, reading
from models_mining.jobs.api import JobSerializer
from models_mining.jobs.api import answer as job_answer
from models_mining.jobs.past import asked_of
from models_mining.models import MinedModel
from streams.access import LogPermission, seen_by
from streams.models import EventLog
from streams.moments import MomentError, parse_moment
from streams.rest import BadQuery, refuse_unknown

MOMENT = "The number of an event, or a moment (ISO 8601): then the last event received by it."


def seq_of(log: EventLog, name: str, given: str) -> int:
    """The number of the event that a query parameter names, by number or by moment; else a BadQuery."""
    last = log.next_seq - 1
    if given.isascii() and given.isdigit():
        if len(given) > 18 or int(given) > last:
            raise BadQuery({name: [f"There is no event {given[:20]} yet, the last is {last}."]})
        return int(given)
    try:
        return reading.seq_at(log.pk, parse_moment(given))
    except MomentError as error:
        raise BadQuery({name: [f"{error} Or give the number of an event."]}) from error


def answer(request: Request, kind: str, model: MinedModel, moments: dict[str, int]) -> Response:
    """The result of such a job (200), or the job itself to look at again (202)."""
    if not request.user.is_authenticated:
        raise NotAuthenticated
    return job_answer(request, jobs.start(kind, model.log, asked_of(model) | moments, request.user))


class CompareView(generics.GenericAPIView[MinedModel]):
    """A model as of two moments."""

    queryset = MinedModel.objects.all()
    serializer_class = JobSerializer  # type: ignore[assignment]  # a model is asked for, a job answered
    permission_classes = [LogPermission]
    pagination_class = None
    filter_backends = []
    action = "retrieve"

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
        model = MinedModel.objects.filter(log__in=seen_by(request), pk=pk).select_related("log").first()
        if model is None:
            raise Http404("There is no such model.")
        if "a" not in request.query_params:
            raise BadQuery({"a": ["Name the number of an event, or a moment."]})
        moments = {"a": seq_of(model.log, "a", request.query_params["a"])}
        given = request.query_params.get("b")
        moments["b"] = model.log.next_seq - 1 if given is None else seq_of(model.log, "b", given)
        return answer(request, "compare", model, moments)
