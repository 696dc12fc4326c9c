"""REST resources ``logs/`` and their ``events/``."""

from typing import Any, cast

import django_filters
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import generics, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.access import INGEST
from foundation.http.idempotency import HEADER, once
from foundation.http.limits import take_events
from foundation.http.requests import BadQuery, refuse_unknown
from models_mining.jobs import jobs
from models_mining.jobs.api import JobSerializer
from models_mining.mined_models.serializers import EventSerializer, LogSerializer, NewEventSerializer, TakenSerializer
from streams.access.logs import LogPermission, log_for, seen_by
from streams.events.http import ATTRIBUTE, PARSERS, EventCursor, EventFilter, take, with_attributes
from streams.events.removal import archive, delete_empty, unarchive
from streams.models import Event, EventLog


class LogFilter(django_filters.FilterSet):
    class Meta:
        model = EventLog
        fields = ["name"]


class LogViewSet(viewsets.ModelViewSet[EventLog]):
    """Event logs. One that holds events is archived before it can be deleted."""

    queryset = EventLog.objects.all()
    serializer_class = LogSerializer
    permission_classes = [LogPermission]
    creates_logs = True
    lookup_field = "slug"
    lookup_value_converter = "slug"
    filterset_class = LogFilter
    ordering_fields = ["slug", "name", "first_at", "last_at", "last_received_at"]

    def get_queryset(self) -> "QuerySet[EventLog]":
        return seen_by(self.request).select_related("mined").order_by("slug")

    @extend_schema(responses={204: None, 202: JobSerializer})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete a log. With events in it: only once it is archived, and by a job, which is answered."""
        log = self.get_object()
        if delete_empty(log):
            return Response(status=204)
        job = jobs.start("delete-log", None, {"log": log.slug, "id": log.pk}, cast("User", request.user))
        return Response(JobSerializer(job).data, status=202)

    @extend_schema(request=None, responses=LogSerializer)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, slug: str) -> Response:
        """From now on the log takes no events: 409 while a stream still writes into it."""
        log = self.get_object()
        archive(log)
        return Response(self.get_serializer(log).data)

    @extend_schema(request=None, responses=LogSerializer)
    @action(detail=True, methods=["post"])
    def unarchive(self, request: Request, slug: str) -> Response:
        """The log takes events again."""
        log = self.get_object()
        unarchive(log)
        return Response(self.get_serializer(log).data)


class EventList(generics.ListAPIView[Event]):
    """The events of a log by seq, and the door for new ones."""

    queryset = Event.objects.all()
    serializer_class = EventSerializer
    permission_classes = [LogPermission]
    scopes = {"POST": INGEST}
    counts_events = True  # what limits are about, see `foundation.http.limits`
    pagination_class = EventCursor
    filterset_class = EventFilter
    query_prefix = ATTRIBUTE
    ordering_fields = ["seq"]
    tie_break = "seq"
    parser_classes = PARSERS

    def get_queryset(self) -> "QuerySet[Event]":
        log = log_for(self.request, self.kwargs["slug"])
        events = Event.objects.filter(log=log).select_related("stream").order_by("seq")
        return with_attributes(events, self.request.query_params)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                f"{ATTRIBUTE}NAME", str, description="Events whose attribute NAME has this value, as text."
            )
        ]
    )
    def get(self, request: Request, slug: str) -> Response:
        """Events in the order they were stored; pages hold still while more arrive."""
        return super().get(request, slug=slug)

    @extend_schema(
        request=PolymorphicProxySerializer(
            "NewEvents", [NewEventSerializer, NewEventSerializer(many=True)], None, many=False
        ),
        parameters=[
            OpenApiParameter("results", str, enum=["errors"], description="Leave out the stored ones."),
            OpenApiParameter(
                HEADER,
                {"type": "string", "minLength": 1, "maxLength": 255},
                OpenApiParameter.HEADER,
                description="Makes the whole request safe to send again, for 24 h.",
            ),
        ],
        responses={200: TakenSerializer},
        filters=False,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Store one event, an array or lines (NDJSON) of them, or CloudEvents: at most 5,000 and 5 MiB unpacked.

        The answer comes after the commit; the body may be gzipped.

        With an `Idempotency-Key` the same request again gets the first answer, marked `Idempotent-Replayed: true`;
        another one under that key is a 422, and 409 says that the first is under way.

        Each event is stored, a duplicate (its `id` was stored before) or rejected with a reason; the answer is 200 even
        if some, or all, were refused.
        """
        log, only_errors = log_for(request, slug, "ingest"), _only_errors(request)
        if request.stream is None:
            raise ParseError("The body is empty. Send one event or an array of them as JSON.")
        try:
            return once(request, lambda: _take(request, log, only_errors=only_errors))
        except EventLog.DoesNotExist:
            raise Http404(f"There is no log called {slug}.") from None


def _take(request: Request, log: EventLog, *, only_errors: bool) -> dict[str, Any]:
    take_events(request, log.pk, len(request.data) if isinstance(request.data, list) else 1)
    return take(log, request.data, only_errors=only_errors)


def _only_errors(request: Request) -> bool:
    refuse_unknown(request, {"results"})
    if request.query_params.get("results", "errors") != "errors":
        raise BadQuery({"results": ["Expected errors."]})
    return "results" in request.query_params
