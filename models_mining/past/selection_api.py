"""REST: the picture of a model over some cases of its log, and the events of these cases as a file."""

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from models_mining.cases.case_api import ATTRIBUTES
from models_mining.cases.case_filters import PREFIXES, CaseFilter, cases_of, of_attributes
from models_mining.jobs.api import JobSerializer
from models_mining.logs.log_files import AS, FILES, FileView
from models_mining.mined_models.queries import model_for
from models_mining.mined_models.serializers import PictureSerializer
from models_mining.models import Case
from models_mining.past import past_api
from streams.access.logs import LogPermission, log_for
from streams.models import Event, EventLog


class SelectionSerializer(serializers.Serializer[Any]):
    """What was selected, and how long it took to mine."""

    cases = serializers.IntegerField()
    events = serializers.IntegerField()
    took_s = serializers.FloatField()


class SelectedPictureSerializer(PictureSerializer):
    """A picture of some cases."""

    selection = SelectionSerializer()


class SelectionView(generics.GenericAPIView[Case]):
    """A model over some cases of its log."""

    queryset = Case.objects.all()
    serializer_class = SelectedPictureSerializer
    permission_classes = [LogPermission]
    pagination_class = None
    filterset_class = CaseFilter
    query_prefix = PREFIXES

    @extend_schema(filters=True, parameters=ATTRIBUTES, responses={200: SelectedPictureSerializer, 202: JobSerializer})
    def get(self, request: Request, pk: int) -> Response:
        """The picture of the model as if its log held only these cases; the filters are those of `logs/{slug}/cases/`.

        It is exact for the events up to its `seq`, and numbers its activities on its own. The answer is a job (202,
        `Location` says where to look) until one is done, then its result (200) for 2 s; ask again for a newer one.
        More than `PROCMINE_SELECTION_EVENTS` events are refused: then the job has failed, and says so.
        """
        model = model_for(request, pk)
        self.filter_queryset(_cases(request, model.log))
        query = {name: value for name, value in request.query_params.items() if name != "format"}
        return past_api.answer(request, "selection", model, {"query": query})


class SelectionExport(FileView):
    """The events of some cases as a file."""

    queryset = Case.objects.all()
    filterset_class = CaseFilter
    query_prefix = PREFIXES

    @extend_schema(filters=True, parameters=[AS, *ATTRIBUTES], responses=FILES)
    def get(self, request: Request, slug: str) -> StreamingHttpResponse:
        """All events of the cases that the filters of `logs/{slug}/cases/` leave, as XES, CSV or NDJSON."""
        log = log_for(request, slug)
        cases = self.filter_queryset(_cases(request, log))
        return self.file(request, log, Event.objects.filter(log=log, case__in=cases.order_by().values("case")))


def _cases(request: Request, log: EventLog) -> Any:
    return of_attributes(cases_of(log), request.query_params)
