"""REST: one case aligned with the Petri net of a mined model or a reference model, by a job."""

from datetime import datetime
from typing import Any, cast

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.errors import DomainError
from foundation.http.requests import BadQuery, refuse_unknown
from models_mining.jobs.api import JobSerializer, answer, start_for
from models_mining.mined_models.queries import model_for
from models_mining.models import Case, MinedModel
from streams.access.views import LogAnswer
from streams.models import EventLog


class NoNetError(DomainError):
    """A mined model without a Petri net."""

    code = "no-net"
    text = "The model {algorithm} has no Petri net, or none yet: there is nothing to align with."


class AlignmentView(LogAnswer[MinedModel]):
    """How a case goes along a model."""

    queryset = MinedModel.objects.all()
    serializer_class = JobSerializer  # type: ignore[assignment]  # a model is asked for, a job answered

    @extend_schema(
        parameters=[OpenApiParameter("case", str, required=True, description="The name of the case.")],
        responses={200: dict[str, Any], 202: JobSerializer},
    )
    def get(self, request: Request, pk: int) -> Response:
        """An alignment of a case with the fewest `deviations` from the model, which has to have a Petri net.

        `moves` are in order: `sync` is an event as the model wants it, `log` one that it does not allow here, `model`
        what it wants and the case lacks, `silent` a step without an activity. The answer is a job (202, `Location`
        says where to look) until it is done: then it is its result (200). It may take up to a minute.
        """
        model = model_for(request, pk, whole=True)
        if not model.definition:
            raise NoNetError(algorithm=model.algorithm)
        derived_at = cast("datetime", model.derived_at).isoformat()
        return aligned(request, model.log, {"model": pk, "derived_at": derived_at})


def aligned(request: Request, log: EventLog, net: dict[str, Any]) -> Response:
    """The answer to who asks for an alignment of ``?case=`` with a net of ``log``, named as the job wants it."""
    refuse_unknown(request, {"case"})
    name = request.query_params.get("case", "")
    case = Case.objects.filter(log=log, case=name).first()
    if case is None:
        raise BadQuery({"case": [f"The log {log.slug} has no case {name[:100]!r} yet."]})
    asked = {**net, "case": name, "upto": case.seq}
    return answer(request, start_for(request, "align", log, asked))
