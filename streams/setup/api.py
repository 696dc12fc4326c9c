"""REST resources ``brokers/`` and ``streams/``."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from foundation.access import token_of
from foundation.http.requests import Conflict
from streams.access.logs import SetupPermission, rejections_of, seen_by
from streams.brokers.registry import check_broker, test_connection
from streams.models import Broker, Rejection, Republish, Stream
from streams.recording.retry import retry
from streams.setup import registration
from streams.setup.serializers import (
    BrokerSerializer,
    CheckSerializer,
    FindingsSerializer,
    HealthSerializer,
    RejectionSerializer,
    RepublishSerializer,
    RetriedManySerializer,
    RetriedSerializer,
    RetrySerializer,
    StreamSerializer,
    TestResultSerializer,
)

MAX_RETRIED = 1000  # messages of one request


class BrokerFilter(django_filters.FilterSet):
    class Meta:
        model = Broker
        fields = ["name", "kind", "host", "port", "state"]


class BrokerViewSet(viewsets.ModelViewSet[Broker]):
    """Connections to MQTT servers, Redis and Kafka."""

    queryset = Broker.objects.order_by("name")
    serializer_class = BrokerSerializer
    permission_classes = [SetupPermission]
    permissions_of = {"test": ["streams.change_broker"], "check": ["streams.change_broker"]}
    filterset_class = BrokerFilter
    ordering_fields = ["name", "host", "port", "state", "state_since"]
    lookup_value_converter = "int"

    def perform_destroy(self, instance: Broker) -> None:
        registration.remove_broker(instance)

    @extend_schema(request=None, responses=TestResultSerializer)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: int) -> Response:
        """Try to connect and sign in now, in at most 5 s; changes nothing."""
        problem = test_connection(self.get_object(), registration.TEST_TIMEOUT_S)
        return Response({"ok": problem is None, "problem": problem})

    @extend_schema(request=CheckSerializer, responses=FindingsSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: int) -> Response:
        """What this broker will lose, as far as it can be seen, in some seconds.

        On MQTT 1,200 messages are published on a topic of its own below `procmine/check/`, with a session that is
        removed again; not so if `quick`. Elsewhere nothing is written.
        """
        wanted = CheckSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        findings = check_broker(self.get_object(), quick=wanted.validated_data["quick"])
        ok = all(finding.level != "warning" for finding in findings)
        return Response(FindingsSerializer({"ok": ok, "findings": findings}).data)


class RepublishFilter(django_filters.FilterSet):
    log = django_filters.CharFilter("log__slug")

    class Meta:
        model = Republish
        fields = ["broker", "topic", "enabled"]


class RepublishViewSet(viewsets.ModelViewSet[Republish]):
    """Logs whose events are sent on to a broker: all of them, each at least once, in the order of its case.

    The payload is the form that ``POST logs/{slug}/events/`` takes; each has an id.
    """

    queryset = Republish.objects.order_by("pk")
    serializer_class = RepublishSerializer
    permission_classes = [SetupPermission]
    filterset_class = RepublishFilter
    ordering_fields = ["id", "topic", "enabled", "seq"]
    lookup_value_converter = "int"

    def get_queryset(self) -> "QuerySet[Republish]":
        if getattr(self, "swagger_fake_view", False):
            return self.queryset.none()
        return self.queryset.select_related("log", "broker").filter(log__in=seen_by(self.request))


class StreamFilter(django_filters.FilterSet):
    log = django_filters.CharFilter("log__slug")
    archived = django_filters.BooleanFilter("archived_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Stream
        fields = ["name", "broker", "topic", "format", "enabled"]

    def filter_queryset(self, queryset: "QuerySet[Stream]") -> "QuerySet[Stream]":
        if self.form.cleaned_data.get("archived") is None:
            queryset = queryset.filter(archived_at=None)
        return super().filter_queryset(queryset)


@extend_schema_view(
    destroy=extend_schema(description="A stream that has recorded something is archived: its row stays, it stops.")
)
class StreamViewSet(viewsets.ModelViewSet[Stream]):
    """Registered subscriptions. Archived ones are listed with ?archived=true."""

    queryset = Stream.objects.select_related("broker", "log").order_by("slug")
    serializer_class = StreamSerializer
    permission_classes = [SetupPermission]
    permissions_of = {"start": ["streams.change_stream"], "stop": ["streams.change_stream"]}
    lookup_field = "slug"
    lookup_value_converter = "slug"
    filterset_class = StreamFilter
    ordering_fields = ["slug", "name", "topic", "enabled", "received", "stored", "rejected"]

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with registration.setup_lock():
            return super().create(request, *args, **kwargs)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with registration.setup_lock():
            return super().update(request, *args, **kwargs)

    def perform_update(self, serializer: BaseSerializer[Stream]) -> None:
        _refuse_archived(serializer.instance)
        serializer.save()

    def perform_destroy(self, instance: Stream) -> None:
        registration.remove_stream(instance)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, slug: str) -> Response:
        """Begin to record; within 2 s where an ingester runs."""
        return self._switch(enabled=True)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, slug: str) -> Response:
        """Stop recording; what is recorded stays."""
        return self._switch(enabled=False)

    def _switch(self, *, enabled: bool) -> Response:
        with registration.setup_lock():
            stream = self.get_object()
            _refuse_archived(stream)
            serializer = self.get_serializer(stream, data={"enabled": enabled}, partial=True)
            serializer.is_valid(raise_exception=True)
            serializer.save()
        return Response(serializer.data)

    @extend_schema(responses=HealthSerializer)
    @action(detail=True, filterset_class=None)
    def health(self, request: Request, slug: str) -> Response:
        """Counters, and the state of the broker's connection."""
        return Response(HealthSerializer(self.get_object()).data)


def _refuse_archived(stream: Stream | None) -> None:
    if stream is not None and stream.archived_at is not None:
        raise Conflict("This stream is archived: it only tells where its events came from. Register a new one.")


class RejectionFilter(django_filters.FilterSet):
    received_after = django_filters.IsoDateTimeFilter("received_at", lookup_expr="gt")
    received_before = django_filters.IsoDateTimeFilter("received_at", lookup_expr="lt")

    class Meta:
        model = Rejection
        fields = ["reason", "topic"]

    mended = django_filters.BooleanFilter("retried_at", lookup_expr="isnull", exclude=True)


class RejectionViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[Rejection]
):
    """What a stream received and refused, the newest first. Deleting one changes no count."""

    queryset = Rejection.objects.order_by("-id")
    serializer_class = RejectionSerializer
    permission_classes = [SetupPermission]
    permissions_of = {
        "retry": ["streams.change_stream"],
        "retry_many": ["streams.change_stream"],
        "destroy": ["streams.change_stream"],
    }
    filterset_class = RejectionFilter
    ordering_fields = ["id", "received_at", "reason"]

    def get_queryset(self) -> "QuerySet[Rejection]":
        if getattr(self, "swagger_fake_view", False):
            return Rejection.objects.none()
        stream = get_object_or_404(Stream, slug=self.kwargs["slug"])
        return rejections_of(self.request.user, token_of(self.request)).filter(stream=stream).order_by("-id")

    @extend_schema(request=None, responses=RetriedSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def retry(self, request: Request, slug: str, pk: int) -> Response:
        """Read the message again, by the stream as it is now: it becomes an event, or is refused again."""
        row = self.get_object()
        done = retry(Rejection.objects.filter(pk=row.pk))
        if not done:
            raise Conflict("This message was mended before.")
        return Response(RetriedSerializer(done[0]).data)

    @extend_schema(
        operation_id="api_v1_streams_rejections_retry_many", request=RetrySerializer, responses=RetriedManySerializer
    )
    @action(detail=False, methods=["post"], filterset_class=None)
    def retry_many(self, request: Request, slug: str) -> Response:
        """Retry those with the given `reason` or `ids`, else all: the oldest 1,000 at most, `after` the id given.

        `left` says how many more there are; go on with `after` = `last`.
        """
        wanted = RetrySerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        rows = self.get_queryset().filter(retried_at=None)
        if "ids" in wanted.validated_data:
            rows = rows.filter(pk__in=wanted.validated_data["ids"])
        if "reason" in wanted.validated_data:
            rows = rows.filter(reason=wanted.validated_data["reason"])
        after = wanted.validated_data.get("after", 0)
        oldest = list(rows.filter(pk__gt=after).order_by("id").values_list("id", flat=True)[:MAX_RETRIED])
        done = retry(Rejection.objects.filter(pk__in=oldest))
        mended = sum(one.status == "mended" for one in done)
        answer = {
            "mended": mended,
            "rejected": len(done) - mended,
            "left": rows.filter(pk__gt=oldest[-1]).count() if oldest else 0,
            "last": oldest[-1] if oldest else after,
            "results": done,
        }
        return Response(RetriedManySerializer(answer).data)
