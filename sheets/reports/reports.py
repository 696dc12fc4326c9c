"""Activity reports of apps → events: which log, which case, which properties.

A report is ``{"client": "playground", "user": "dev.001", "events": [{"type": …, "timestamp": …, …}]}``. Its client
picks the log, ``type`` is the activity; whatever else the report or the event says becomes an attribute of the event,
what the event says before what the report says.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from django.utils import timezone

from sheets.models import ReportMapping
from sheets.models.mappings import DEFAULT_CASE
from streams.events.store import NewEvent, store_events
from streams.models import EventLog
from streams.parsing.payloads import Reading
from streams.parsing.values import PayloadError, as_text, check_value, required

MAX_EVENTS = 5_000  # of one report
RESERVED = "__"  # what the name of a property does not begin with
_OWN = {"type", "timestamp"}  # of an event
_ENVELOPE = {"events", "report_id"}  # of a report, beside what every event of it is told
_READING = Reading("json")


@dataclass(frozen=True, slots=True)
class ReportRoute:
    """Where the reports of a client go, and how they are read."""

    log: EventLog
    case: str = DEFAULT_CASE
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a report: its events' numbers (those new), and what was refused."""

    report_id: str
    seqs: list[int]
    duplicates: int
    rejected: list[dict[str, Any]]


def way_of(client: str) -> ReportRoute | None:
    """By the client's mapping, else by the log whose slug is its name."""
    mapping = ReportMapping.objects.select_related("log").filter(client=client).first()
    if mapping is not None:
        return ReportRoute(mapping.log, mapping.case, mapping.names == ReportMapping.Names.STRICT)
    log = EventLog.objects.filter(slug=client).first()
    return None if log is None else ReportRoute(log)


def client_of(body: Any) -> str:
    """The app that reports; PayloadError where the report does not say, or is none."""
    if not isinstance(body, dict):
        raise PayloadError("not_object", "A report is a JSON object.")
    client = required("client", body.get("client"))
    if len(client) > 100:
        raise PayloadError("too_long", f"`client` has {len(client)} characters; at most 100 are taken.")
    return client


def store(way: ReportRoute, body: dict[str, Any]) -> Stored:
    """Store a report's events, sorted by time; PayloadError where it cannot be read as a whole, ArchivedError."""
    items = body.get("events")
    if not isinstance(items, list):
        raise PayloadError("bad_events", "`events` must be a list of events.")
    given = body.get("report_id")
    report_id = uuid.uuid4().hex if given is None else as_text("report_id", given)
    told = {name: value for name, value in body.items() if name not in _ENVELOPE}
    told = _without_reserved(told, strict=way.strict)
    check_value(told)
    received_at = timezone.now()
    found: list[NewEvent] = []
    rejected: list[dict[str, Any]] = []
    for index, item in enumerate(items):
        try:
            found.append(_event(way, told, item, received_at, None if given is None else _id(told, report_id, index)))
        except PayloadError as error:
            rejected.append({"index": index, "reason": error.reason, "detail": error.detail})
    found.sort(key=lambda event: event.at)
    seqs = store_events(found)
    new = [seq for seq in seqs if seq is not None]
    return Stored(report_id, new, len(seqs) - len(new), rejected)


def _event(way: ReportRoute, told: dict[str, Any], item: Any, received_at: datetime, event_id: str | None) -> NewEvent:
    if not isinstance(item, dict):
        raise PayloadError("not_object", "An event is a JSON object.")
    activity = required("type", item.get("type"))
    properties = _without_reserved(item, strict=way.strict)
    check_value(properties)
    at, source = _READING.moment(properties.get("timestamp"), received_at)
    every = {**told, **{name: value for name, value in properties.items() if name not in _OWN}}
    case = required(way.case[:100], every.pop(way.case, None))
    return NewEvent(way.log.pk, case, activity, at, received_at, source, event_id, every)


def _without_reserved(properties: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    """Without those whose names are reserved; where names are strict these are refused."""
    reserved = [name for name in properties if name.startswith(RESERVED)]
    if reserved and strict:
        raise PayloadError("reserved_name", f"`{reserved[0]!s:.100}`: names must not begin with {RESERVED}.")
    return {name: value for name, value in properties.items() if not name.startswith(RESERVED)}


def _id(told: dict[str, Any], report_id: str, index: int) -> str:
    """An event's id, so that a report that is sent again stores nothing twice: of its app, its user and its number."""
    of = "\0".join((str(told.get("client")), str(told.get("user")), report_id))
    return f"report-{blake2b(of.encode(), digest_size=16).hexdigest()}-{index}"
