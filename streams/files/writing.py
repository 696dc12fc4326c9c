"""Writing the events of a log: XES, CSV or lines of JSON, piece by piece, whatever their number.

XES and CSV come case by case, by time within a case (the order of batch mining); lines of JSON by ``seq``, each as the
API gives it. Attributes of a trace (``case:NAME``) are the trace's in XES, columns ``case:NAME`` in CSV. What is nested
is written as JSON text. Cells of CSV are written as they are, also those that a spreadsheet would take for a formula:
what is exported can be imported again unchanged.
Source: IEEE 1849-2016 (XES) with its extensions concept, time, org, identity and lifecycle.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from xml.sax.saxutils import quoteattr

import orjson
from django.db.models import QuerySet

from streams.models import Event, EventLog

PIECE = 1 << 16  # bytes, about
_CASES = 200  # read at once
_ROWS = 2000  # read at once
_MODES = {"xes": "application/xml", "csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
FORMATS = tuple(_MODES)
RESERVED = ("concept:name", "time:timestamp", "identity:id")  # keys that the event's own fields have
_EXTENSIONS = (
    ("Concept", "concept"),
    ("Time", "time"),
    ("Organizational", "org"),
    ("Identity", "identity"),
    ("Lifecycle", "lifecycle"),
)
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")  # xs:dateTime with its zone
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_INT64 = 1 << 63


class _Told(NamedTuple):
    """An event as files tell it."""

    case: str
    activity: str
    at: datetime
    event_id: str | None
    attributes: dict[str, Any]


def content_type(form: str) -> str:
    """The media type of a format."""
    return _MODES[form]


def export(log: EventLog, form: str, events: "QuerySet[Event] | None" = None) -> Iterator[bytes]:
    """Pieces of a file of format ``form`` that holds ``events`` of the log (default: all there are at this moment)."""
    log.refresh_from_db(fields=["next_seq"])
    if events is None:
        events = Event.objects.filter(log=log)
    events = events.filter(seq__lt=log.next_seq).order_by()  # what comes meanwhile is not in
    write: dict[str, Callable[[], Iterator[str | bytes]]] = {
        "xes": lambda: _xes(log, events),
        "csv": lambda: _csv(events),
        "ndjson": lambda: _ndjson(events),
    }
    return _pieces(write[form]())


def _pieces(parts: Iterator[str | bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        held.append(data)
        size += len(data)
        if size >= PIECE:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _by_case(events: "QuerySet[Event]") -> Iterator[_Told]:
    """The events by case, time and seq. Read some cases at a time: no query stays open for as long as it takes."""
    wanted = events
    while cases := list(wanted.order_by("case").values_list("case", flat=True).distinct()[:_CASES]):
        rows = events.filter(case__in=cases).order_by("case", "at", "seq")
        for row in rows.values_list(*_Told._fields).iterator(chunk_size=_ROWS):
            yield _Told(*row)
        wanted = events.filter(case__gt=cases[-1])


# --- XES --------------------------------------------------------------------------------


def _xes(log: EventLog, events: "QuerySet[Event]") -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">\n'
    for name, prefix in _EXTENSIONS:
        yield f'<extension name="{name}" prefix="{prefix}" uri="http://www.xes-standard.org/{prefix}.xesext"/>\n'
    yield '<global scope="trace"><string key="concept:name" value=""/></global>\n'
    yield '<global scope="event"><string key="concept:name" value=""/>'
    yield '<date key="time:timestamp" value="1970-01-01T00:00:00+00:00"/></global>\n'
    yield '<classifier name="Activity" keys="concept:name"/>\n'
    yield _attribute("concept:name", log.name)
    waiting: list[_Told] = []
    for event in _by_case(events):
        if waiting and waiting[0].case != event.case:
            yield from _trace(waiting)
            waiting = []
        waiting.append(event)
    if waiting:
        yield from _trace(waiting)
    yield "</log>\n"


def _trace(events: list[_Told]) -> Iterator[str]:
    told: dict[str, Any] = {}
    for event in events:
        told |= {name[5:]: value for name, value in event.attributes.items() if name.startswith("case:")}
    yield "<trace>\n"
    yield _attribute("concept:name", events[0].case)
    for name, value in told.items():
        yield _attribute(_free(name, ("concept:name",)), value)
    for event in events:
        yield "<event>\n"
        yield _attribute("concept:name", event.activity)
        yield f'<date key="time:timestamp" value="{event.at.isoformat()}"/>\n'
        if event.event_id is not None:
            tag = "id" if _UUID.fullmatch(event.event_id) else "string"
            yield f'<{tag} key="identity:id" value={_quoted(event.event_id)}/>\n'
        for name, value in event.attributes.items():
            if not name.startswith("case:"):
                yield _attribute(_free(name, RESERVED), value)
        yield "</event>\n"
    yield "</trace>\n"


def _attribute(key: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        tag, text = "boolean", "true" if value else "false"
    elif isinstance(value, int) and -_INT64 <= value < _INT64:
        tag, text = "int", str(value)
    elif isinstance(value, float):
        tag, text = "float", repr(value)
    else:
        text = _text(value)
        tag = "date" if _DATE.fullmatch(text) else "string"
    return f"<{tag} key={_quoted(key)} value={_quoted(text)}/>\n"


def _quoted(text: str) -> str:
    return quoteattr(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def _free(name: str, taken: tuple[str, ...]) -> str:
    """An attribute that is called like a field of its event gets another name, for a key is there once."""
    return f"attribute:{name}" if name in taken else name


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


# --- CSV and lines of JSON --------------------------------------------------------------


def _csv(events: "QuerySet[Event]") -> Iterator[str]:
    names: set[str] = set()
    with_id = False
    for attributes, event_id in events.values_list("attributes", "event_id").iterator(chunk_size=_ROWS):
        names |= attributes.keys()
        with_id = with_id or event_id is not None
    fields = sorted(names, key=lambda name: (not name.startswith("case:"), name))
    own = ["case:concept:name", "concept:name", "time:timestamp", *(["identity:id"] if with_id else [])]
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")  # RFC 4180

    def written(cells: list[Any]) -> str:
        line.seek(0)
        line.truncate()
        writer.writerow(cells)
        return line.getvalue()

    yield written(own + [_free(name, ("case:concept:name", *RESERVED)) for name in fields])
    for event in _by_case(events):
        values = [
            event.case,
            event.activity,
            event.at.isoformat(timespec="microseconds"),
            *([event.event_id or ""] if with_id else []),
        ]
        yield written(values + [_cell(event.attributes.get(name)) for name in fields])


def _cell(value: Any) -> str:
    return "" if value is None else _text(value)


_API = ("seq", "event_id", "case", "activity", "at", "at_source", "received_at", "stream__slug", "attributes")
_NAMES = ("seq", "id", "case", "activity", "at", "at_source", "received_at", "stream", "attributes")


def _ndjson(events: "QuerySet[Event]") -> Iterator[bytes]:
    last = 0
    while rows := list(events.filter(seq__gt=last).order_by("seq").values_list(*_API)[:_ROWS]):
        for row in rows:
            yield orjson.dumps(dict(zip(_NAMES, row, strict=True)), option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
        last = rows[-1][0]
