"""REST resource ``simulations/``."""

from typing import Any, cast

import django_filters
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError as Invalid
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.fields import get_error_detail
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.access import SignedIn, holds
from simulations import runs
from simulations.models import Simulation
from simulations.runs import MAX_TEXT, Fault
from streams.access.logs import seen_by
from streams.models import EventLog


class LineDetail(ErrorDetail):
    """A mistake in a text, with its line from 1."""

    line: int


def _detail(fault: Fault) -> ErrorDetail:
    if fault.line is None:
        return ErrorDetail(fault.text, code="config")
    detail = LineDetail(fault.text, code="config")
    detail.line = fault.line
    return detail


class VisibleLog(serializers.SlugRelatedField[EventLog]):
    """A log by its slug; one that may not be seen is not there."""

    def get_queryset(self) -> "QuerySet[EventLog]":
        return seen_by(self.context["request"]) | seen_by(self.context["request"], "ingest")


class SimulationSerializer(serializers.ModelSerializer[Simulation]):
    """A run: what was asked for, and how far it is. ``state``: starting, running, stopped, finished, failed."""

    config = serializers.CharField(
        max_length=MAX_TEXT,
        trim_whitespace=False,
        style={"base_template": "textarea.html"},
        help_text="YAML: datasources and simulations. Sinks are checked and not used: all events go to the log.",
    )
    log = VisibleLog(slug_field="slug", queryset=EventLog.objects.all())
    seed = serializers.IntegerField(
        min_value=-(2**63), max_value=2**63 - 1, allow_null=True, required=False, help_text="Same seed, same events."
    )
    count = serializers.IntegerField(default=10_000, help_text="The run ends after so many events; at most 1,000,000.")
    rate = serializers.FloatField(
        allow_null=True, required=False, help_text="Events per second, at most 1,000; null: as the configuration says."
    )
    owner = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)

    class Meta:
        model = Simulation
        fields = [
            *("id", "config", "log", "seed", "count", "rate", "owner", "state", "sent", "rejected", "per_second"),
            *("output", "error", "started_at", "ended_at"),
        ]
        read_only_fields = ["state", "sent", "rejected", "per_second", "output", "error", "started_at", "ended_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            runs.check_limits(attrs["count"], attrs.get("rate"))
        except Invalid as error:
            raise ValidationError(get_error_detail(error)) from error
        return attrs


class SimulationPermission(SignedIn):
    """Model permissions, also to look; who started a run may stop it."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        if view.action == "create":
            return holds(request.user, "simulations.add_simulation")
        return holds(request.user, "simulations.view_simulation") or holds(request.user, "simulations.add_simulation")

    def has_object_permission(self, request: Request, view: Any, obj: Simulation) -> bool:
        if view.action != "stop":
            return True
        return obj.owner_id == request.user.pk or holds(request.user, "simulations.change_simulation")


class SimulationFilter(django_filters.FilterSet):
    log = django_filters.CharFilter("log__slug")

    class Meta:
        model = Simulation
        fields = ["state"]


class SimulationViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.CreateModelMixin, viewsets.GenericViewSet[Simulation]
):
    """Runs of simulator configurations into a log; the newest first."""

    queryset = Simulation.objects.all()
    serializer_class = SimulationSerializer
    permission_classes = [SimulationPermission]
    lookup_value_converter = "int"
    filterset_class = SimulationFilter
    ordering_fields = ["id", "state", "started_at", "sent"]

    def get_queryset(self) -> "QuerySet[Simulation]":
        if getattr(self, "swagger_fake_view", False):
            return Simulation.objects.none()
        Simulation.objects.all().give_up_lost()
        rows = Simulation.objects.select_related("log", "owner").order_by("-id")
        known = seen_by(self.request) | seen_by(self.request, "ingest")
        mine = rows.filter(owner=cast("User", self.request.user), log__in=known)
        if not holds(self.request.user, "simulations.view_simulation"):
            return mine
        return mine | rows.filter(log__in=seen_by(self.request))

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Start a run. Errors of the configuration carry the `line` they are at."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        if not seen_by(request, "ingest").filter(pk=given["log"].pk).exists():
            raise PermissionDenied(f"You may not send events to the log {given['log'].slug}.")
        checked = runs.check(given["config"])
        if checked.run is None:
            error = ValidationError()
            error.detail = {"config": [_detail(fault) for fault in checked.faults]}
            raise error
        row = runs.start(
            config=given["config"],
            log=given["log"],
            owner=cast("User", request.user),
            count=given["count"],
            seed=given.get("seed"),
            rate=given.get("rate"),
        )
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: int) -> Response:
        """End a run, within a second. One that has ended stays as it is."""
        row = self.get_object()
        runs.stop(row)
        row.refresh_from_db()
        return Response(self.get_serializer(row).data)
