"""REST: reference models, and how the cases of a log agree with the active one."""

from typing import Any, cast

import django_filters
from django.contrib.auth.models import User
from django.db.models import Count, F, QuerySet, Value
from django.db.models.functions import StrIndex
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from models_mining.conformance import references
from models_mining.conformance.alignment_api import aligned
from models_mining.conformance.conformance_tracker import SEPARATOR
from models_mining.conformance.reference_serializers import (
    CaseConformanceSerializer,
    ConformanceSerializer,
    NewReferenceSerializer,
    PointSerializer,
    ReferenceDetailSerializer,
    ReferenceSerializer,
)
from models_mining.jobs.api import JobSerializer
from models_mining.models import CaseConformance, ConformancePoint, ReferenceModel
from streams.access.logs import LogPermission, log_for, must_change, seen_by
from streams.access.views import LogAnswer


class ReferenceFilter(django_filters.FilterSet):
    log = django_filters.CharFilter("log__slug")

    class Meta:
        model = ReferenceModel
        fields = ["kind", "active"]


@extend_schema_view(retrieve=extend_schema(responses=ReferenceDetailSerializer))
class ReferenceViewSet(viewsets.ModelViewSet[ReferenceModel]):
    """Reference models of logs. At most one of a log is active: its cases are checked against that one."""

    queryset = ReferenceModel.objects.all()
    serializer_class = ReferenceSerializer
    permission_classes = [LogPermission]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    lookup_value_converter = "int"
    filterset_class = ReferenceFilter
    ordering_fields = ["id", "name", "created_at"]

    def get_queryset(self) -> "QuerySet[ReferenceModel]":
        rows = ReferenceModel.objects.filter(log__in=seen_by(self.request)).defer("source")
        rows = rows if self.action == "retrieve" else rows.defer("source", "drawing")
        return rows.select_related("log", "check_job").order_by("id")

    def get_serializer_class(self) -> "type[BaseSerializer[Any]]":
        if self.action == "create":
            return NewReferenceSerializer
        return ReferenceDetailSerializer if self.action == "retrieve" else ReferenceSerializer

    @extend_schema(
        request={"application/json": NewReferenceSerializer, "multipart/form-data": NewReferenceSerializer},
        responses={201: ReferenceSerializer},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Upload a file, or freeze a mined model.

        A file is read by a worker: `state` is `checking` until it is `ready` or `refused`, with an `error`. Files with
        a document type definition are refused. Frozen are models with a Petri net (also as tree or BPMN diagram), and
        those of the algorithms declare, log-skeleton, footprints and temporal-profile.
        """
        if int(request.META.get("CONTENT_LENGTH") or 0) > 2 * references.MAX_SOURCE:
            raise references.TooLongError
        given = NewReferenceSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        log = asked["log"]
        must_change(request, log)
        if "model" in asked:
            name = asked.get("name") or f"{asked['model'].algorithm} as of now"
            made = references.freeze(asked["model"], name, active=asked["active"])
        else:
            made = references.upload(
                log,
                asked["name"],
                asked["kind"],
                asked["source"],
                active=asked["active"],
                owner=cast("User", request.user),
            )
        told = ReferenceSerializer(made, context=self.get_serializer_context()).data
        return Response(told, status=201, headers={"Location": f"/api/v1/references/{made.pk}/"})

    @extend_schema(
        parameters=[OpenApiParameter("case", str, required=True, description="The name of the case.")],
        responses={200: dict[str, Any], 202: JobSerializer},
    )
    @action(detail=True)
    def alignment(self, request: Request, pk: int) -> Response:
        """How a case goes along it, with the fewest deviations: as `models/{id}/alignment/`, also a job."""
        reference = generics.get_object_or_404(self.get_queryset(), pk=pk)
        if reference.state != ReferenceModel.State.READY:
            raise references.NotReadyError(state=reference.state)
        return aligned(request, reference.log, {"reference": reference.pk})


class PointFilter(django_filters.FilterSet):
    after = django_filters.IsoDateTimeFilter("at", lookup_expr="gt", help_text="Points after this moment of arrival.")
    before = django_filters.IsoDateTimeFilter("at", lookup_expr="lt")

    class Meta:
        model = ConformancePoint
        fields: list[str] = []


class ConformanceView(generics.GenericAPIView[ConformancePoint]):
    """How a log agrees with its active reference model."""

    queryset = ConformancePoint.objects.all()
    serializer_class = PointSerializer
    permission_classes = [LogPermission]
    pagination_class = None
    filterset_class = PointFilter

    @extend_schema(responses=ConformanceSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """The newest figures, and those over time.

        A worker follows it as long as the log is analysed (`analysis/`). What stands under `pm4py` is equal to pm4py's
        batch functions on the closed cases as of that `seq`.
        """
        log = log_for(request, slug)
        found = active_of(log.pk)
        points = ConformancePoint.objects.filter(reference=found)
        rows = CaseConformance.objects.filter(reference=found, closed=False)
        running = dict(rows.values_list("fits").annotate(n=Count("pk")))
        whole = {
            "reference": found,
            "seq": found.seq if found else 0,
            "complete": bool(found and found.complete),
            "open": {
                name: running.get(fits, 0) for name, fits in (("fits", True), ("deviates", False), ("unknown", None))
            },
            "newest": points.order_by("-seq").first(),
            "points": self.filter_queryset(points.order_by("seq")),
        }
        return Response(ConformanceSerializer(whole, context=self.get_serializer_context()).data)


def active_of(log: int) -> ReferenceModel | None:
    """The reference model that the cases of a log are checked against, ready or not yet."""
    rows = ReferenceModel.objects.filter(log=log, active=True).select_related("log", "check_job")
    return rows.defer("source", "drawing").first()


class CaseConformanceFilter(django_filters.FilterSet):
    case = django_filters.CharFilter()
    fits = django_filters.ChoiceFilter(
        method="fitting", choices=[(name, name) for name in ("true", "false", "unknown")]
    )
    state = django_filters.ChoiceFilter(method="standing", choices=[("open", "open"), ("closed", "closed")])
    deviating = django_filters.CharFilter(method="at", help_text="Cases in which this activity did not fit.")

    class Meta:
        model = CaseConformance
        fields: list[str] = []

    def fitting(self, rows: "QuerySet[CaseConformance]", name: str, value: str) -> "QuerySet[CaseConformance]":
        return rows.filter(fits=None) if value == "unknown" else rows.filter(fits=value == "true")

    def standing(self, rows: "QuerySet[CaseConformance]", name: str, value: str) -> "QuerySet[CaseConformance]":
        return rows.filter(closed=value == "closed")

    def at(self, rows: "QuerySet[CaseConformance]", name: str, value: str) -> "QuerySet[CaseConformance]":
        """Exactly as it is written: LIKE knows no case on SQLite."""
        place = StrIndex("deviating", Value(f"{SEPARATOR}{value}{SEPARATOR}"))
        found: QuerySet[CaseConformance] = rows.alias(place=place).filter(place__gt=0)
        return found


class CaseConformanceList(generics.ListAPIView[CaseConformance]):
    """How the cases of a log agree with its active reference model."""

    queryset = CaseConformance.objects.all()
    serializer_class = CaseConformanceSerializer
    permission_classes = [LogPermission]
    filterset_class = CaseConformanceFilter
    ordering_fields = ["case", "seq", "fitness", "count", "events"]

    def get_queryset(self) -> "QuerySet[CaseConformance]":
        log = log_for(self.request, self.kwargs["slug"])
        rows: QuerySet[Any] = CaseConformance.objects.filter(reference__log=log, reference__active=True)
        rows = rows.alias(events=F("length"))
        return rows.order_by("-seq", "pk")

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Newest first. A running case fits as long as some way through the model begins as it did."""
        return super().get(request, *args, **kwargs)


class CaseConformanceDetail(LogAnswer[CaseConformance]):
    """How one case agrees with the active reference model."""

    queryset = CaseConformance.objects.all()
    serializer_class = CaseConformanceSerializer

    @extend_schema(responses=CaseConformanceSerializer)
    def get(self, request: Request, slug: str, name: str) -> Response:
        """As in the list."""
        log = log_for(request, slug)
        row = CaseConformance.objects.filter(reference__log=log, reference__active=True, case=name).first()
        if row is None:
            raise Http404(f"No case {name[:100]} of the log {slug} has been checked yet.")
        serializer: BaseSerializer[CaseConformance] = self.get_serializer(row)
        return Response(serializer.data)
