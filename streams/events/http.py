"""Events read and sent over HTTP: filters, the cursor, and a batch with an answer for each item."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import IO, Any, TypeVar

import django_filters
import orjson
from django.conf import settings
from django.db.models import QuerySet, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

from foundation.http.requests import BadQuery, TooLarge, page_size, read_body, unpacked
from foundation.numbers import whole_number
from streams.events.store import NewEvent, store_events
from streams.models import Event, EventLog
from streams.parsing.payloads import ParsedEvent, parse_api_event, parse_cloud_event
from streams.parsing.values import PayloadError

MAX_BATCH = 5_000  # events of one request
_MAX_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE  # of one request, unpacked
ATTRIBUTE = "attribute."  # ?attribute.colour=red

Rows = TypeVar("Rows", bound="QuerySet[Any]")


class EventFilter(django_filters.FilterSet):
    """Filters of a log's events; ``attribute.NAME`` are read by `with_attributes`."""

    case = django_filters.CharFilter()
    activity = django_filters.CharFilter()
    at_after = django_filters.IsoDateTimeFilter("at", lookup_expr="gt")
    at_before = django_filters.IsoDateTimeFilter("at", lookup_expr="lt")
    seq_after = django_filters.NumberFilter("seq", lookup_expr="gt", min_value=0, max_value=2**63 - 1, decimal_places=0)

    class Meta:
        model = Event
        fields: list[str] = []


def with_attributes(events: Rows, query: Mapping[str, str]) -> Rows:
    """The events whose attributes have the values that ``attribute.NAME=VALUE`` asks for, compared as text.

    Or other rows that have ``attributes``.
    """
    wanted = {name.removeprefix(ATTRIBUTE): value for name, value in query.items() if name.startswith(ATTRIBUTE)}
    for number, (name, value) in enumerate(wanted.items()):
        if not name or "\0" in name + value:
            raise BadQuery({ATTRIBUTE + name[:100]: ["This is no name of an attribute to filter by."]})
        text = Cast(KeyTextTransform(name, "attributes"), TextField())
        events = events.alias(**{f"attribute_{number}": text}).filter(**{f"attribute_{number}": value})
    return events


class EventCursor(CursorPagination):
    """By ``seq``: what arrives meanwhile comes after, so no page shifts."""

    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering = "seq"

    def get_page_size(self, request: Request) -> int:
        return page_size(request, self.page_size, self.max_page_size)

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        position = str(cursor.position) if cursor is not None and cursor.position is not None else None
        if position is not None and whole_number(position) is None:
            raise NotFound(self.invalid_cursor_message)
        return cursor


class EventsParser(JSONParser):
    """JSON as forgiving as an item-by-item answer asks for: one event that is no Unicode spoils no other."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        encoding = parser_context["request"].headers.get("Content-Encoding", "") if parser_context else ""
        return self.read(unpacked(read_body(stream, _MAX_BYTES), encoding, _MAX_BYTES))

    def read(self, body: bytes) -> Any:
        """What an unpacked body holds."""
        return _json(body)


class LinesParser(EventsParser):
    """A JSON object a line (NDJSON). A line that is none is refused alone."""

    media_type = "application/x-ndjson"

    def read(self, body: bytes) -> list[Any]:
        lines = [line for line in body.split(b"\n", MAX_BATCH + 1) if line.strip()]
        if len(lines) > MAX_BATCH:
            raise TooLarge(f"More than {MAX_BATCH} lines in one request.")
        return [_line(line) for line in lines]


class CloudEvents(list[Any]):
    """The items of a body that said to be CloudEvents."""


class CloudEventParser(EventsParser):
    """One CloudEvent in the structured form of JSON."""

    media_type = "application/cloudevents+json"

    def read(self, body: bytes) -> CloudEvents:
        return CloudEvents([_json(body)])


class CloudEventsParser(EventsParser):
    """An array of CloudEvents."""

    media_type = "application/cloudevents-batch+json"

    def read(self, body: bytes) -> CloudEvents:
        items = _json(body)
        if not isinstance(items, list):
            raise ParseError("A batch of CloudEvents is a JSON array.")
        return CloudEvents(items)


PARSERS = [EventsParser, LinesParser, CloudEventParser, CloudEventsParser]


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            return json.loads(body)  # takes NaN, 1e999 and half surrogate pairs: refused one by one later
        except (ValueError, RecursionError):
            raise ParseError(f"The body is not JSON: {error}.") from error


def _line(line: bytes) -> Any:
    try:
        return _json(line)
    except ParseError as error:
        return PayloadError("not_json", str(error).replace("body", "line"))


def _parsed(item: Any, received_at: datetime, *, cloud_event: bool) -> ParsedEvent:
    if isinstance(item, PayloadError):
        raise item
    return (parse_cloud_event if cloud_event else parse_api_event)(item, received_at)


def take(log: EventLog, body: Any, *, only_errors: bool = False) -> dict[str, Any]:
    """Store one event or a list of them; the counts and what became of each, after the commit. Raises ArchivedError."""
    items = body if isinstance(body, list) else [body]
    if len(items) > MAX_BATCH:
        raise TooLarge(f"{len(items)} events in one request; at most {MAX_BATCH} are taken.")
    received_at = timezone.now()
    results: list[dict[str, Any]] = [{"index": index} for index in range(len(items))]
    events: list[NewEvent] = []
    places: list[int] = []
    for index, item in enumerate(items):
        try:
            event = _parsed(item, received_at, cloud_event=isinstance(body, CloudEvents))
        except PayloadError as error:
            results[index] |= {"status": "rejected", "reason": error.reason, "detail": error.detail}
            continue
        places.append(index)
        events.append(
            NewEvent(
                log_id=log.pk,
                case=event.case,
                activity=event.activity,
                at=event.at,
                at_source=event.at_source,
                received_at=received_at,
                event_id=event.event_id,
                attributes=event.attributes,
            )
        )
    seqs = store_events(events)
    for index, seq in zip(places, seqs, strict=True):
        results[index] |= {"status": "duplicate"} if seq is None else {"status": "stored", "seq": seq}
    counts = {status: sum(result["status"] == status for result in results) for status in _COUNTED}
    log.refresh_from_db(fields=["next_seq"])
    return {
        **{_COUNTED[status]: count for status, count in counts.items()},
        "last_seq": log.next_seq - 1,
        "results": [result for result in results if not only_errors or result["status"] != "stored"],
    }


_COUNTED = {"stored": "stored", "duplicate": "duplicates", "rejected": "rejected"}
