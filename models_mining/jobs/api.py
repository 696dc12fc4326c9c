"""REST resource ``jobs/``: what takes long and was asked for."""

from functools import partial
from typing import Any, cast

import django_filters
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import FileResponse, Http404, HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.access import SignedIn, limited, token_of
from foundation.http import limits
from models_mining.jobs import jobs
from models_mining.models import Job
from streams.access.logs import seen_by
from streams.models import EventLog


class JobSerializer(serializers.ModelSerializer[Job]):
    """A job, how far it is, and in the end its result or an error. It is removed at ``expires_at``."""

    log = serializers.SlugRelatedField(slug_field="slug", read_only=True, allow_null=True)  # type: ignore[var-annotated]
    progress = serializers.FloatField(read_only=True, help_text="From 0 to 1.")
    files = serializers.SerializerMethodField(help_text="Names of its files; each is at `files/NAME/` below the job.")

    class Meta:
        model = Job
        fields = [
            *("id", "kind", "log", "parameters", "state", "progress", "result", "error", "files"),
            *("created_at", "started_at", "finished_at", "expires_at"),
        ]
        read_only_fields = fields

    def get_files(self, job: Job) -> list[str]:
        return sorted(file.name for file in jobs.folder(job.pk).glob("*")) if job.state == Job.State.DONE else []


def start_for(request: Request, kind: str, log: EventLog, parameters: dict[str, Any]) -> Job:
    """Start a job that a request to look asks for. A new one counts as a request that starts a job."""
    user = cast("User", request.user)
    return jobs.start(kind, log, parameters, user, before_new=partial(limits.take_job, request))


def answer(request: Request, job: Job) -> Response:
    """The result of a job (200), or the job itself, and where to look at it again (202)."""
    if job.state == Job.State.DONE:
        return Response(job.result, headers={"Cache-Control": "private, no-cache"})
    location = request.build_absolute_uri(reverse("job-detail", args=[job.pk]))
    return Response(JobSerializer(job).data, status=202, headers={"Location": location, "Retry-After": "1"})


class JobFilter(django_filters.FilterSet):
    log = django_filters.CharFilter("log__slug")

    class Meta:
        model = Job
        fields = ["kind", "state"]


class JobViewSet(viewsets.ReadOnlyModelViewSet[Job]):
    """One's own jobs, of logs one may view. Those who ask for the same share one job."""

    queryset = Job.objects.all()
    serializer_class = JobSerializer
    permission_classes = [SignedIn]
    lookup_value_converter = "int"
    filterset_class = JobFilter
    ordering_fields = ["id", "created_at", "finished_at"]

    def get_queryset(self) -> "QuerySet[Job]":
        own = Job.objects.filter(owners=self.request.user.pk)
        seen = Q(log__in=seen_by(self.request))
        if not limited(token_of(self.request)):
            seen |= Q(log=None)
        return own.filter(seen).select_related("log").order_by("-id")

    @extend_schema(request=None, responses=JobSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        """End it, unless somebody else waits for it too: then it goes on for them."""
        job = self.get_object()
        jobs.cancel(job, cast("User", request.user))
        job.refresh_from_db()
        return Response(self.get_serializer(job).data)

    @extend_schema(
        parameters=[OpenApiParameter("name", str, OpenApiParameter.PATH)],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    @action(detail=True, url_path="files/<str:name>")
    def file(self, request: Request, pk: int, name: str) -> HttpResponseBase:
        """One of its files."""
        job: Any = self.get_object()
        if name not in self.get_serializer(job).data["files"]:
            raise Http404(f"This job has no file {name}.")
        return FileResponse((jobs.folder(job.pk) / name).open("rb"), as_attachment=True, filename=name)
