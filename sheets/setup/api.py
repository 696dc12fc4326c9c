"""REST resources ``sheets/``, ``prompts/``, ``answers/``, ``sheet-schedules/`` and ``report-mappings/``."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from sheets.models import Answer, Prompt, ReportMapping, Schedule, Sheet
from sheets.prompts.prompts import cancel
from sheets.setup.serializers import (
    AnswerSerializer,
    MappingSerializer,
    PromptSerializer,
    ScheduleSerializer,
    SheetSerializer,
)
from streams.access.logs import LogPermission, seen_by


class OfLog(LogPermission):
    """Of the log that a row belongs to, which some know by their sheet."""

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        return super().has_object_permission(request, view, obj.sheet if isinstance(obj, Schedule) else obj)


class SheetFilter(django_filters.FilterSet):
    log = django_filters.CharFilter("log__slug")

    class Meta:
        model = Sheet
        fields = ["enabled"]


class SheetViewSet(viewsets.ModelViewSet[Sheet]):
    """Forms that ask people about cases of a log."""

    queryset = Sheet.objects.order_by("slug")
    serializer_class = SheetSerializer
    permission_classes = [LogPermission]
    lookup_field = "slug"
    lookup_value_converter = "slug"
    filterset_class = SheetFilter
    ordering_fields = ["slug", "name"]

    def get_queryset(self) -> "QuerySet[Sheet]":
        return self.queryset.select_related("log").filter(log__in=seen_by(self.request))


class PromptFilter(django_filters.FilterSet):
    sheet = django_filters.CharFilter("sheet__slug")
    log = django_filters.CharFilter("log__slug")
    state = django_filters.ChoiceFilter(choices=Prompt.State.choices, method="in_state")

    class Meta:
        model = Prompt
        fields = ["case", "respondent", "match"]

    def in_state(self, rows: "QuerySet[Prompt]", name: str, state: str) -> "QuerySet[Prompt]":
        """As they are now: the clock ends invitations."""
        over = Q(expires_at__lte=timezone.now())
        if state == Prompt.State.EXPIRED:
            return rows.filter(over, stored_state=Prompt.State.OPEN)
        rows = rows.filter(stored_state=state)
        return rows.exclude(over) if state == Prompt.State.OPEN else rows


class PromptViewSet(
    mixins.CreateModelMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Prompt]
):
    """Invitations to answer a sheet, the newest first."""

    queryset = Prompt.objects.order_by("-id")
    serializer_class = PromptSerializer
    permission_classes = [LogPermission]
    filterset_class = PromptFilter
    ordering_fields = ["id", "created_at", "expires_at"]
    lookup_value_converter = "int"

    def get_queryset(self) -> "QuerySet[Prompt]":
        return self.queryset.select_related("sheet", "version", "log").filter(log__in=seen_by(self.request))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], filterset_class=None)
    def cancel(self, request: Request, pk: int) -> Response:
        """Close an invitation nobody has answered."""
        prompt = self.get_object()
        cancel(prompt)
        prompt.refresh_from_db()
        return Response(self.get_serializer(prompt).data)


class AnswerFilter(django_filters.FilterSet):
    sheet = django_filters.CharFilter("prompt__sheet__slug")
    log = django_filters.CharFilter("log__slug")
    case = django_filters.CharFilter("prompt__case")
    respondent = django_filters.CharFilter("prompt__respondent")
    at_after = django_filters.IsoDateTimeFilter("at", lookup_expr="gt")
    at_before = django_filters.IsoDateTimeFilter("at", lookup_expr="lt")

    class Meta:
        model = Answer
        fields = ["prompt"]


class AnswerViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Answer]):
    """What people answered, the newest first."""

    queryset = Answer.objects.order_by("-id")
    serializer_class = AnswerSerializer
    permission_classes = [LogPermission]
    filterset_class = AnswerFilter
    ordering_fields = ["id", "at"]
    lookup_value_converter = "int"

    def get_queryset(self) -> "QuerySet[Answer]":
        related = self.queryset.select_related("log", "prompt__sheet", "prompt__version")
        return related.filter(log__in=seen_by(self.request))


class ScheduleFilter(django_filters.FilterSet):
    sheet = django_filters.CharFilter("sheet__slug")
    log = django_filters.CharFilter("sheet__log__slug")

    class Meta:
        model = Schedule
        fields = ["enabled"]


class ScheduleViewSet(viewsets.ModelViewSet[Schedule]):
    """When people are invited without a rule. Saved, a schedule begins from now."""

    queryset = Schedule.objects.order_by("id")
    serializer_class = ScheduleSerializer
    permission_classes = [OfLog]
    filterset_class = ScheduleFilter
    ordering_fields = ["id"]
    lookup_value_converter = "int"

    def get_queryset(self) -> "QuerySet[Schedule]":
        return self.queryset.select_related("sheet__log", "via").filter(sheet__log__in=seen_by(self.request))


class MappingFilter(django_filters.FilterSet):
    log = django_filters.CharFilter("log__slug")

    class Meta:
        model = ReportMapping
        fields = ["client", "names"]


class MappingViewSet(viewsets.ModelViewSet[ReportMapping]):
    """Which apps report into which logs."""

    queryset = ReportMapping.objects.order_by("client")
    serializer_class = MappingSerializer
    permission_classes = [LogPermission]
    filterset_class = MappingFilter
    ordering_fields = ["client"]
    lookup_value_converter = "int"

    def get_queryset(self) -> "QuerySet[ReportMapping]":
        return self.queryset.select_related("log").filter(log__in=seen_by(self.request))
