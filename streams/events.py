"""Events read and sent over HTTP: filters, the cursor, and a batch with an answer for each item."""

import json
from collections.abc import Mapping
from typing import IO, Any

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

from streams.models import Event, EventLog
from streams.payloads import parse_api_event
from streams.rest import BadQuery, TooLarge, page_size, read_body
from streams.services import NewEvent, store_events
from streams.values import PayloadError

MAX_BATCH = 5_000  # events of one request
ATTRIBUTE = "attribute."  # ?attribute.colour=red


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


def with_attributes(events: "QuerySet[Event]", query: Mapping[str, str]) -> "QuerySet[Event]":
    """The events whose attributes have the values that ``attribute.NAME=VALUE`` asks for, compared as text."""
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
        if position is not None and not (position.isascii() and position.isdigit() and len(position) < 19):
            raise NotFound(self.invalid_cursor_message)
        return cursor


class EventsParser(JSONParser):
    """JSON as forgiving as an item-by-item answer asks for: one event that is no Unicode spoils no other."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = read_body(stream, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            try:
                return json.loads(body)  # takes NaN, 1e999 and half surrogate pairs: refused one by one later
            except (ValueError, RecursionError):
                raise ParseError(f"The body is not JSON: {error}.") from error


def take(log: EventLog, body: Any, *, only_errors: bool = False) -> dict[str, Any]:
    """Store one event or an array of them; the counts and what became of each, after the commit."""
    items = body if isinstance(body, list) else [body]
    if len(items) > MAX_BATCH:
        raise TooLarge(f"{len(items)} events in one request; at most {MAX_BATCH} are taken.")
    received_at = timezone.now()
    results: list[dict[str, Any]] = [{"index": index} for index in range(len(items))]
    events: list[NewEvent] = []
    places: list[int] = []
    for index, item in enumerate(items):
        try:
            event = parse_api_event(item, received_at)
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
    for index, seq in zip(places, store_events(events), strict=True):
        results[index] |= {"status": "duplicate"} if seq is None else {"status": "stored", "seq": seq}
    counts = {status: sum(result["status"] == status for result in results) for status in _COUNTED}
    log.refresh_from_db(fields=["next_seq"])
    return {
        **{_COUNTED[status]: count for status, count in counts.items()},
        "last_seq": log.next_seq - 1,
        "results": [result for result in results if not only_errors or result["status"] != "stored"],
    }


_COUNTED = {"stored": "stored", "duplicate": "duplicates", "rejected": "rejected"}
