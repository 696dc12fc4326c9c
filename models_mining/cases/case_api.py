"""REST resources ``logs/{slug}/cases/``, ``variants/``, ``activities/`` and ``statistics/``: what the mining knows."""

from typing import Any

import django_filters
from django.db.models import F, QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.errors import DomainError
from foundation.http.requests import BadQuery, refuse_unknown
from foundation.numbers import whole_number
from models_mining.cases import measures
from models_mining.cases.case_filters import PREFIXES, TOOK, CaseFilter, cases_of, of_attributes
from models_mining.cases.case_serializers import (
    ActivitiesSerializer,
    CaseDetailSerializer,
    CaseSerializer,
    MinuteSerializer,
    StatisticsSerializer,
    VariantsSerializer,
)
from models_mining.mined_models.watching import ask_for
from models_mining.models import Case, LogState, MinedModel, Minute
from streams.access.logs import LogPermission, log_for
from streams.access.views import LogAnswer
from streams.models import Event

TRACE = 1_000  # events of a case in one answer
MINUTES = 1_440
ATTRIBUTES = [
    OpenApiParameter("attribute.NAME", str, description="Cases whose attribute NAME has this value, as text."),
    OpenApiParameter(
        "event_attribute.NAME", str, description="Cases with an event whose attribute NAME has this value, as text."
    ),
]


class CaseList(generics.ListAPIView[Case]):
    """The cases of a log."""

    queryset = Case.objects.all()
    serializer_class = CaseSerializer
    permission_classes = [LogPermission]
    filterset_class = CaseFilter
    query_prefix = PREFIXES
    ordering_fields = ["case", "started_at", "last_at", "duration_s", "events", "deviations", "activity", "variant"]

    def get_queryset(self) -> "QuerySet[Case]":
        log = log_for(self.request, self.kwargs["slug"])
        cases = cases_of(log).alias(duration_s=TOOK, events=F("length")).order_by("-last_at", "-pk")
        return of_attributes(cases, self.request.query_params)

    @extend_schema(parameters=ATTRIBUTES)
    def get(self, request: Request, slug: str) -> Response:
        """As of the mining, which is at most seconds behind; the newest activity first."""
        return super().get(request, slug=slug)


class CaseDetail(LogAnswer[Case]):
    """One case with its events."""

    queryset = Case.objects.all()
    serializer_class = CaseDetailSerializer

    def get(self, request: Request, slug: str, name: str) -> Response:
        """Where it stands, and how it came there."""
        refuse_unknown(request, set())
        log = log_for(request, slug)
        case = cases_of(log).filter(case=name).first()
        if case is None:
            raise Http404(f"The log {slug} has no case {name[:100]!r}, or it is not mined yet.")
        events = Event.objects.filter(log=log, case=name, seq__lte=case.seq).select_related("stream")
        trace = list(events.order_by("at", "seq")[:TRACE])
        answer: Any = case
        answer.trace, answer.trace_omitted = trace, case.length - len(trace)
        return Response(self.get_serializer(answer).data)


class VariantList(generics.GenericAPIView[Case]):
    """The ways cases of a log have gone."""

    queryset = Case.objects.all()
    serializer_class = VariantsSerializer
    permission_classes = [LogPermission]
    ordering_fields = ["cases", "open_cases", "events", "first_at", "last_at"]
    tie_break = "variant"

    @extend_schema(filters=True, responses=VariantsSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """The most frequent first; a running case counts as what it is so far."""
        log = log_for(request, slug)
        found = measures.variants(log).order_by("-cases", "variant")
        page = self.paginate_queryset(self.filter_queryset(found))
        answer = self.get_paginated_response(measures.with_times(log, page or []))
        cases = Case.objects.filter(log=log)
        totals = {"cases": cases.count(), "beyond": cases.filter(variant="").count()}
        return Response(VariantsSerializer({**answer.data, **totals}).data)


class NoGraphError(DomainError):
    """The graph that counts a log's activities was deleted."""

    code = "no-graph"
    text = "The log {log} has no model dfg over all cases: create one, it counts the activities."


class ActivityList(LogAnswer[Case]):
    """The activities of a log."""

    queryset = Case.objects.all()
    serializer_class = ActivitiesSerializer

    @extend_schema(responses=ActivitiesSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """All on one page, the most frequent first, counted up to `seq`; times over the newest 20,000 events.

        They are those of the log's directly-follows graph over all cases (409: it was deleted).
        """
        refuse_unknown(request, set())
        log = log_for(request, slug)
        graph = MinedModel.objects.filter(log=log, algorithm="dfg", parameters={}, cases="all").first()
        if graph is None:
            raise NoGraphError(log=slug)
        ask_for(graph)
        picture = graph.picture or {"nodes": [], "seq": 0}
        rows = measures.activities(log, picture)
        return Response(
            ActivitiesSerializer({"next": None, "previous": None, "results": rows, "seq": picture["seq"]}).data
        )


class MinuteFilter(django_filters.FilterSet):
    after = django_filters.IsoDateTimeFilter("minute", lookup_expr="gt", help_text="Only later ones.")
    before = django_filters.IsoDateTimeFilter("minute", lookup_expr="lt", help_text="Only earlier ones.")

    class Meta:
        model = Minute
        fields: list[str] = []


class MinuteList(generics.ListAPIView[Minute]):
    """Throughput of a log."""

    queryset = Minute.objects.all()
    serializer_class = MinuteSerializer
    permission_classes = [LogPermission]
    filterset_class = MinuteFilter

    def get_queryset(self) -> "QuerySet[Minute]":
        return Minute.objects.filter(log=log_for(self.request, self.kwargs["slug"])).order_by("-minute")

    def get(self, request: Request, slug: str) -> Response:
        """Events that arrived, cases that started and closed, by the minute; the newest first.

        Those in which nothing came are left out.
        """
        return super().get(request, slug=slug)


class StatisticsView(LogAnswer[Case]):
    """Figures of a log."""

    queryset = Case.objects.all()
    serializer_class = StatisticsSerializer

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "points",
                {"type": "integer", "minimum": 0, "maximum": measures.MAX_POINTS, "default": measures.MAX_POINTS},
                description="Most points of the dotted chart.",
            )
        ],
        responses=StatisticsSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """Counts, times of closed cases, events per minute of arrival, and points of a dotted chart."""
        points = _points(request)
        log = log_for(request, slug)
        state = LogState.objects.filter(log=log).first() or LogState()
        minutes = Minute.objects.filter(log=log).order_by("-minute")[:MINUTES]
        return Response(
            StatisticsSerializer(
                {
                    "seq": state.seq,
                    "events": log.stored - log.retired_events,
                    "cases": state.cases,
                    "open_cases": state.open_cases,
                    "first_at": log.first_at,
                    "last_at": log.last_at,
                    "closed_case": measures.closed_times(log),
                    "minutes": reversed(minutes),
                    "dotted": measures.dots(log, points),
                }
            ).data
        )


def _points(request: Request) -> int:
    refuse_unknown(request, {"points"})
    given = request.query_params.get("points", str(measures.MAX_POINTS))
    if (points := whole_number(given, measures.MAX_POINTS)) is None:
        raise BadQuery({"points": [f"Expected a number from 0 to {measures.MAX_POINTS}."]})
    return points
