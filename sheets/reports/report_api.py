"""REST resource ``reports/``, and ``/report.json``: apps report what their users did."""

import threading
import time
from typing import Any

from django.conf import settings
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.access import INGEST
from foundation.http.limits import take_events
from foundation.http.requests import Conflict, TooLarge
from rules.models import RuleCursor
from sheets.models import Prompt
from sheets.prompts.actions import may_ask
from sheets.prompts.prompts import path_of
from sheets.reports.reports import MAX_EVENTS, Stored, client_of, store, way_of
from streams.access.logs import LogPermission, seen_by
from streams.events.http import EventsParser
from streams.events.store import ArchivedError
from streams.models import EventLog
from streams.parsing.values import PayloadError

HELD = threading.BoundedSemaphore(50)  # answers of this process that wait for a sheet; the others do not wait
POLL_INTERVAL_S = 0.1


class ReportSerializer(serializers.Serializer[Any]):
    """What an app reports. Further properties, of the report or of an event, become attributes."""

    client = serializers.CharField(max_length=100, help_text="The app: picks the log.")
    user = serializers.CharField(required=False, help_text="The case, unless the log's mapping names another property.")
    report_id = serializers.CharField(
        required=False, max_length=255, help_text="The same one again stores nothing twice. Take a UUID."
    )
    events = serializers.ListField(
        child=serializers.DictField(),
        max_length=MAX_EVENTS,
        help_text="Each with `type`, the activity; `timestamp`, else it is the arrival; and what else there is to say.",
    )


class RefusedSerializer(serializers.Serializer[Any]):
    """An event that was refused, by its place in the report."""

    index = serializers.IntegerField()
    reason = serializers.CharField()
    detail = serializers.CharField()


class SheetToAnswerSerializer(serializers.Serializer[Any]):
    """A form that the user is asked to fill in."""

    label = serializers.CharField()  # type: ignore[assignment]  # what the framework calls so is not used here
    url = serializers.CharField()
    token = serializers.CharField()
    ttl_s = serializers.IntegerField()


class ReportedSerializer(serializers.Serializer[Any]):
    """What became of a report."""

    success = serializers.BooleanField()
    report_id = serializers.CharField()
    stored = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    rejected = RefusedSerializer(many=True)
    es = SheetToAnswerSerializer(required=False, help_text="Where a rule asks for a self-report.")


class ReportView(APIView):
    """Activity reports."""

    permission_classes = [LogPermission]
    parser_classes = [EventsParser]
    scopes = {"POST": INGEST}
    counts_events = True  # what limits are about, see `foundation.http.limits`

    @extend_schema(request=ReportSerializer, responses={200: ReportedSerializer})
    def post(self, request: Request) -> Response:
        """Store what an app reports; also at `/report.json`. At most 5,000 events and 5 MiB unpacked; gzip is taken.

        The answer comes after the commit, 200 even if some events were refused. Where a rule of the log may ask for a
        self-report, it is held for up to 3 s, and bears the form as `es`.

        An error has `success`: false and `error`: what is wrong, in words, beside what every error has.
        """
        if request.stream is None:
            raise ParseError("The body is empty. Send a report as JSON.")
        body: Any = request.data
        try:
            client = client_of(body)
            way = way_of(client)
            if way is None or not seen_by(request, "ingest").filter(pk=way.log.pk).exists():
                raise Http404(f"No log takes reports of {client}.")
            count = len(body["events"]) if isinstance(body.get("events"), list) else 0
            if count > MAX_EVENTS:
                raise TooLarge(f"{count} events in one report; at most {MAX_EVENTS} are taken.")
            take_events(request, way.log.pk, count)
            stored = store(way, body)
        except ArchivedError as error:
            raise Conflict(error.detail) from error
        except PayloadError as error:
            raise ParseError(error.detail) from error
        except EventLog.DoesNotExist:
            raise Http404("The log of this client is gone.") from None
        answer: dict[str, Any] = {
            "success": True,
            "report_id": stored.report_id,
            "stored": len(stored.seqs),
            "duplicates": stored.duplicates,
            "rejected": stored.rejected,
        }
        prompt = _asked(way.log, stored)
        if prompt is not None:
            answer["es"] = _shown(request, prompt)
        return Response(answer)

    def handle_exception(self, exc: Exception) -> Response:
        """A problem as everywhere (RFC 9457), and the two fields that apps look at."""
        response = super().handle_exception(exc)
        if isinstance(response.data, dict):
            words = response.data.get("detail") or response.data.get("title") or "It did not work."
            response.data |= {"success": False, "error": words}
        return response


def _asked(log: EventLog, stored: Stored) -> Prompt | None:
    """The form that a rule asks for because of these events: waits until the rules have seen them, 3 s at most.

    Nobody waits where no rule asks, nor where too many wait already.
    """
    if not stored.seqs or not may_ask(log) or not HELD.acquire(blocking=False):
        return None
    try:
        deadline = time.monotonic() + settings.SHEET_HOLD_S
        prompts = Prompt.objects.filter(log=log, seq__in=stored.seqs, stored_state=Prompt.State.OPEN)
        while True:
            seen = RuleCursor.objects.filter(log=log, seq__gte=stored.seqs[-1]).exists()  # before looking: no race
            found = prompts.select_related("version").order_by("-id").first()
            if found is not None or seen or time.monotonic() >= deadline:
                return found
            time.sleep(POLL_INTERVAL_S)
    finally:
        HELD.release()


def _shown(request: Request, prompt: Prompt) -> dict[str, Any]:
    token = prompt.secret
    return {
        "label": prompt.version.content["label"],
        "url": request.build_absolute_uri(path_of(token)),
        "token": token,
        "ttl_s": max(0, int((prompt.expires_at - timezone.now()).total_seconds())),
    }
