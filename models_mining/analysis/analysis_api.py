"""REST: whether a log is analysed on its way, changes of its process, and how its open cases are expected to go on."""

from typing import TYPE_CHECKING, Any

import django_filters
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from models_mining.analysis.analysis_serializers import (
    AnalysisSerializer,
    DriftDetailSerializer,
    DriftSerializer,
    PredictionSerializer,
    PredictionsSerializer,
)
from models_mining.analysis.prediction_publisher import ask_for
from models_mining.models import Analysis, DriftChange, Prediction
from streams.access.logs import LogPermission, log_for
from streams.access.views import LogAnswer

if TYPE_CHECKING:
    from rest_framework.serializers import BaseSerializer


class AnalysisView(generics.RetrieveUpdateAPIView[Analysis]):
    """Whether a log is analysed for changes and predictions."""

    queryset = Analysis.objects.all()
    serializer_class = AnalysisSerializer
    permission_classes = [LogPermission]
    http_method_names = ["get", "patch", "head", "options"]
    filter_backends = []
    action = "retrieve"

    def get_object(self) -> Analysis:
        log = log_for(self.request, self.kwargs["slug"], "view" if self.request.method in SAFE_METHODS else "change")
        analysis, _ = Analysis.objects.defer("state").get_or_create(log=log)
        return analysis


class DriftFilter(django_filters.FilterSet):
    at_after = django_filters.IsoDateTimeFilter("at", lookup_expr="gt")
    at_before = django_filters.IsoDateTimeFilter("at", lookup_expr="lt")
    seq_after = django_filters.NumberFilter("seq", lookup_expr="gt", min_value=0, max_value=2**63 - 1, decimal_places=0)

    class Meta:
        model = DriftChange
        fields: list[str] = []


class DriftList(generics.ListAPIView[DriftChange]):
    """Changes of the process that were found in a log."""

    queryset = DriftChange.objects.all()
    serializer_class = DriftSerializer
    permission_classes = [LogPermission]
    filterset_class = DriftFilter
    ordering_fields = ["seq", "at", "received_at", "began_seq", "began_at"]

    def get_queryset(self) -> "QuerySet[DriftChange]":
        log = log_for(self.request, self.kwargs["slug"])
        return DriftChange.objects.filter(log=log).defer("before", "after").order_by("-seq")

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Newest first. `at` is event time, as `at_after` and `at_before`."""
        return super().get(request, *args, **kwargs)


class DriftDetail(generics.RetrieveAPIView[DriftChange]):
    """One change, with the models before and after it."""

    queryset = DriftChange.objects.all()
    serializer_class = DriftDetailSerializer
    permission_classes = [LogPermission]
    filter_backends = []
    action = "retrieve"

    def get_queryset(self) -> "QuerySet[DriftChange]":
        return DriftChange.objects.filter(log=log_for(self.request, self.kwargs["slug"]))


class PredictionFilter(django_filters.FilterSet):
    case = django_filters.CharFilter()
    activity = django_filters.CharFilter()

    class Meta:
        model = Prediction
        fields: list[str] = []


class PredictionList(generics.ListAPIView[Prediction]):
    """How the open cases of a log are expected to go on."""

    queryset = Prediction.objects.all()
    serializer_class = PredictionSerializer
    permission_classes = [LogPermission]
    filterset_class = PredictionFilter
    ordering_fields = ["remaining_s", "last_at", "seq", "case"]

    def get_queryset(self) -> "QuerySet[Prediction]":
        return Prediction.objects.filter(log=log_for(self.request, self.kwargs["slug"])).order_by("-seq")

    @extend_schema(responses=PredictionsSerializer)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Of the open cases last heard of (10,000 at most), newest first, with the score of past predictions.

        They are kept up to date as long as somebody asks. Who asks first finds what the last one left behind, or
        nothing: ask again after some seconds. `seq` tells how far they are.
        """
        log = log_for(request, self.kwargs["slug"])
        analysis = ask_for(log)
        answer = super().get(request, *args, **kwargs)
        return Response({**answer.data, "seq": analysis.predicted_seq, "score": analysis.score or None})


class PredictionDetail(LogAnswer[Prediction]):
    """How one open case is expected to go on."""

    queryset = Prediction.objects.all()
    serializer_class = PredictionSerializer

    @extend_schema(responses=PredictionSerializer)
    def get(self, request: Request, slug: str, name: str) -> Response:
        """As in the list; 404 also where nobody has asked for a while: ask again. For names with `/` use the list."""
        log = log_for(request, slug)
        ask_for(log)
        row = Prediction.objects.filter(log=log, case=name).first()
        if row is None:
            raise Http404(f"There is no prediction for a case {name[:100]} at the moment. It may be closed.")
        serializer: BaseSerializer[Prediction] = self.get_serializer(row)
        return Response(serializer.data)
