"""REST resources ``logs/{slug}/import/``, ``export/`` and ``rejections/``: logs as files."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.access import INGEST
from foundation.http.requests import BadQuery, TooLarge
from models_mining.jobs import jobs
from models_mining.jobs.api import JobSerializer
from models_mining.logs.jobs import keep_upload
from streams.access.logs import LogPermission, log_for
from streams.events.http import ATTRIBUTE, EventFilter, with_attributes
from streams.events.store import refuse_archived
from streams.files.writing import FORMATS, content_type, export
from streams.models import Event, EventLog, Import, Rejection
from streams.setup.serializers import RejectionSerializer

COLUMNS = ("case", "activity", "timestamp")


class ImportSerializer(serializers.ModelSerializer[Import]):
    """A file that was read into a log, or is being read: what became of its first ``position`` events."""

    class Meta:
        model = Import
        fields = ["id", "name", "position", "stored", "duplicates", "rejected", "started_at", "finished_at"]
        read_only_fields = fields


class UploadSerializer(serializers.Serializer[Any]):
    """A log file, and for CSV the names of its columns where they are not the usual ones."""

    file = serializers.FileField(help_text="XES or CSV, plain or with .gz.")
    case = serializers.CharField(required=False, max_length=255)
    activity = serializers.CharField(required=False, max_length=255)
    timestamp = serializers.CharField(required=False, max_length=255)


class ImportList(generics.ListAPIView[Import]):
    """Files read into a log, the newest first."""

    queryset = Import.objects.all()
    serializer_class = ImportSerializer
    permission_classes = [LogPermission]
    scopes = {"POST": INGEST}
    parser_classes = [MultiPartParser]

    def get_queryset(self) -> "QuerySet[Import]":
        return Import.objects.filter(log=log_for(self.request, self.kwargs["slug"])).order_by("-id")

    @extend_schema(request={"multipart/form-data": UploadSerializer}, responses={202: JobSerializer}, filters=False)
    def post(self, request: Request, slug: str) -> Response:
        """Read a file into the log: answers a job to look at, which a worker runs.

        The same file again goes on where it was, or is done already. Rows that are no events become `rejections/`.
        """
        log = log_for(request, slug, "ingest")
        refuse_archived(log)
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.MAX_UPLOAD_MB << 20:
            most = f"At most {settings.MAX_UPLOAD_MB} MiB are taken here"
            raise TooLarge(f"{most}; `{settings.COMMAND} importlog` takes any size.")
        upload = UploadSerializer(data=request.data)
        upload.is_valid(raise_exception=True)
        given = upload.validated_data
        file = given["file"]
        columns = {name: given[name] for name in COLUMNS if name in given}
        job = jobs.start(
            "import",
            log,
            {"upload": keep_upload(file.chunks()), "name": file.name, "columns": columns},
            request.user,  # type: ignore[arg-type]  # signed in, or the permission had refused
        )
        return Response(JobSerializer(job).data, status=202, headers={"Location": f"/api/v1/jobs/{job.pk}/"})


class LogRejectionList(generics.ListAPIView[Rejection]):
    """Rows of imported files that are no events, the newest first."""

    queryset = Rejection.objects.all()
    serializer_class = RejectionSerializer
    permission_classes = [LogPermission]

    def get_queryset(self) -> "QuerySet[Rejection]":
        return Rejection.objects.filter(imported__log=log_for(self.request, self.kwargs["slug"])).order_by("-id")


class FileView(generics.GenericAPIView[Any]):
    """Events as a file: ``as`` in the query says which."""

    permission_classes = [LogPermission]
    pagination_class = None
    query_parameters = ("as",)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever is accepted: ``as`` says what comes, and errors come as they always do."""
        return super().perform_content_negotiation(request, force=True)

    def file(self, request: Request, log: EventLog, events: "QuerySet[Event]") -> StreamingHttpResponse:
        """These events of the log in the format that was asked for."""
        form = request.query_params.get("as")
        if form not in FORMATS:
            raise BadQuery({"as": [f"Expected one of {', '.join(FORMATS)}."]})
        pieces = export(log, form, events)
        asgi = isinstance(request._request, ASGIRequest)  # noqa: SLF001  Django reads all of a plain iterator at once there
        return StreamingHttpResponse(
            _asynchronous(pieces) if asgi else pieces,
            content_type=content_type(form),
            headers={"Content-Disposition": f'attachment; filename="{log.slug}.{form}"', "Cache-Control": "no-store"},
        )


AS = OpenApiParameter("as", str, required=True, enum=FORMATS, description="The format.")
FILES = {(200, content_type(form)): OpenApiTypes.STR for form in FORMATS}


class ExportView(FileView):
    """The events of a log as a file."""

    queryset = Event.objects.all()
    filterset_class = EventFilter
    query_prefix = ATTRIBUTE

    @extend_schema(parameters=[AS], responses=FILES)
    def get(self, request: Request, slug: str) -> StreamingHttpResponse:
        """All events there are at this moment, or those that the filters of `events/` leave, as XES, CSV or NDJSON."""
        log = log_for(request, slug)
        events = with_attributes(Event.objects.filter(log=log), request.query_params)
        return self.file(request, log, self.filter_queryset(events))


async def _asynchronous(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces one by one, each made in a thread while it is asked for."""

    def following() -> bytes | None:
        return next(pieces, None)

    while (piece := await sync_to_async(following)()) is not None:
        yield piece
