"""REST resources ``brokers/`` and ``streams/``."""

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.access import token_of
from streams.access.logs import SetupPermission, rejections_of, seen_by
from streams.brokers.registry import TEST_TIMEOUT_S, check_broker, test_connection
from streams.models import Broker, Rejection, Republish, Stream
from streams.recording.retry import retry_oldest, retry_one
from streams.setup.registration import remove_stream, start_stream, stop_stream
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

    @extend_schema(request=None, responses=TestResultSerializer)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: int) -> Response:
        """Try to connect and sign in now, in at most 5 s; changes nothing."""
        problem = test_connection(self.get_object(), TEST_TIMEOUT_S)
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

    def perform_destroy(self, instance: Stream) -> None:
        remove_stream(instance)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, slug: str) -> Response:
        """Begin to record; within 2 s where an ingester runs."""
        stream = self.get_object()
        start_stream(stream, request.user)
        return Response(self.get_serializer(stream).data)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, slug: str) -> Response:
        """Stop recording; what is recorded stays."""
        stream = self.get_object()
        stop_stream(stream)
        return Response(self.get_serializer(stream).data)

    @extend_schema(responses=HealthSerializer)
    @action(detail=True, filterset_class=None)
    def health(self, request: Request, slug: str) -> Response:
        """Counters, and the state of the broker's connection."""
        return Response(HealthSerializer(self.get_object()).data)


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
        return Response(RetriedSerializer(retry_one(self.get_object())).data)

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
        rows = self.get_queryset()
        if "ids" in wanted.validated_data:
            rows = rows.filter(pk__in=wanted.validated_data["ids"])
        if "reason" in wanted.validated_data:
            rows = rows.filter(reason=wanted.validated_data["reason"])
        done = retry_oldest(rows, wanted.validated_data.get("after", 0))
        return Response(RetriedManySerializer(done).data)
