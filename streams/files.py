"""Reading event logs from files: XES (IEEE 1849-2016), plain or gzipped, and CSV. One event at a time.

XML is read without any entity: a document type is refused, so that nothing expands and nothing else is opened.
"""

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import IO, Any, cast
from xml.parsers import expat

from streams.moments import MomentError, parse_moment

CASE, ACTIVITY, TIME = "concept:name", "concept:name", "time:timestamp"  # keys of XES, in trace and event
_CHUNK = 1 << 16
# Column names in the wild, compared without case, spaces and signs; the earlier the better.
_CSV_NAMES = {
    "case": ("caseconceptname", "caseid", "case", "traceid", "trace", "processinstance", "caseidentifier"),
    "activity": ("conceptname", "activity", "activityname", "activityid", "task", "event", "eventname", "action"),
    "timestamp": (
        "timetimestamp",
        "timestamp",
        "completetimestamp",
        "time",
        "datetime",
        "date",
        "endtime",
        "eventtime",
    ),
}


class FileError(ValueError):
    """A file that cannot be read as an event log; the message names file and line and says what to do."""

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        super().__init__(f"{path.name}{f', line {line}' if line else ''}: {problem}")


@dataclass(slots=True)
class FileEvent:
    """An event of a log file; ``trace`` are the attributes of its case. ``at`` is None where the file tells no time."""

    case: str
    activity: str
    at: datetime | None
    attributes: dict[str, Any]
    trace: dict[str, Any]
    line: int


@dataclass(frozen=True, slots=True)
class Columns:
    """Which CSV columns hold what; None: found by their usual names."""

    case: str | None = None
    activity: str | None = None
    timestamp: str | None = None


def read_log(path: Path, columns: Columns | None = None) -> Iterator[FileEvent]:
    """The events of a log file in the order of the file; raises FileError."""
    name = path.name.lower().removesuffix(".gz")
    try:
        zipped = path.name.lower().endswith(".gz")
        with cast("IO[bytes]", gzip.open(path) if zipped else path.open("rb")) as file:
            if name.endswith(".xes"):
                yield from _XesReader(path).read(file)
            elif name.endswith(".csv"):
                yield from _read_csv(path, file, columns or Columns())
            else:
                raise FileError(path, None, "expected .xes, .csv, or one of them with .gz.")
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(path, None, f"cannot be read: {getattr(error, 'strerror', None) or error}.") from error


# --- XES ------------------------------------------------------------------------------


@dataclass(slots=True)
class _XesReader:
    """Collects one trace at a time. A trace without a name is called by its number in the file, from 1."""

    path: Path
    depth: list[str] = field(default_factory=list)  # open elements, without namespaces
    trace: dict[str, Any] = field(default_factory=dict)
    event: dict[str, Any] = field(default_factory=dict)
    line: int = 0  # of the open event
    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # of the open trace
    done: list[FileEvent] = field(default_factory=list)
    traces: int = 0
    parser: Any = None

    def read(self, file: IO[bytes]) -> Iterator[FileEvent]:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        try:
            while chunk := file.read(_CHUNK):
                self.parser.Parse(chunk)
                yield from self.done
                self.done.clear()
            self.parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise FileError(self.path, error.lineno, f"not XML: {expat.ErrorString(error.code)}.") from error
        except LookupError as error:
            raise FileError(self.path, 1, f"its encoding cannot be read: {error}. Save it as UTF-8.") from error
        yield from self.done

    def _refuse_doctype(self, *_: Any) -> None:
        raise FileError(self.path, self.parser.CurrentLineNumber, "a document type is refused: XES has none.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        match self.depth:
            case []:
                if tag != "log":
                    raise FileError(self.path, self.parser.CurrentLineNumber, f"expected <log>, found <{tag}>.")
            case ["log"]:
                if tag == "trace":
                    self.trace, self.events = {}, []
                    self.traces += 1
                elif tag == "event":
                    raise FileError(self.path, self.parser.CurrentLineNumber, "an event outside every trace.")
            case ["log", "trace"]:
                if tag == "event":
                    self.event, self.line = {}, self.parser.CurrentLineNumber
                else:
                    _put(self.trace, tag, attributes)
            case ["log", "trace", "event"]:
                _put(self.event, tag, attributes)
        self.depth.append(tag)

    def _end(self, name: str) -> None:
        self.depth.pop()
        tag = name.rpartition(" ")[2]
        if tag == "event" and self.depth == ["log", "trace"]:
            self.events.append((self.line, self.event))
        elif tag == "trace" and self.depth == ["log"]:
            case = str(self.trace.pop(CASE, "") or self.traces)
            self.done += (self._event(case, line, event) for line, event in self.events)

    def _event(self, case: str, line: int, event: dict[str, Any]) -> FileEvent:
        activity = event.pop(ACTIVITY, None)
        if activity is None:
            raise FileError(self.path, line, "the event has no concept:name.")
        return FileEvent(case, str(activity), _moment(self.path, line, event.pop(TIME, None)), event, self.trace, line)


def _put(into: dict[str, Any], tag: str, attributes: dict[str, str]) -> None:
    """Keep a XES attribute of a simple type; lists and containers have no value of their own."""
    key, text = attributes.get("key"), attributes.get("value")
    if key is not None and text is not None:
        into[key] = _typed(tag, text)


def _typed(tag: str, text: str) -> Any:
    try:
        if tag == "int" and abs(number := int(text)) < 1 << 63:
            return number
        if tag == "float" and isfinite(real := float(text)):
            return real
    except ValueError:
        return text
    if tag == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


# --- CSV ------------------------------------------------------------------------------


def _read_csv(path: Path, file: IO[bytes], columns: Columns) -> Iterator[FileEvent]:
    lines = _decoded(path, file)
    header_line = next(lines, "")
    delimiter = max(",;\t|", key=header_line.count)
    header = next(csv.reader([header_line], delimiter=delimiter), [])
    case = _column(path, header, "case", columns.case)
    activity = _column(path, header, "activity", columns.activity)
    timestamp = _column(path, header, "timestamp", columns.timestamp)
    rest = [(place, name) for place, name in enumerate(header) if place not in (case, activity, timestamp)]
    rows = csv.reader(lines, delimiter=delimiter)
    try:
        for row in rows:
            line = rows.line_num + 1
            if not row:
                continue
            if len(row) != len(header):
                raise FileError(path, line, f"{len(row)} fields, but the header has {len(header)}.")
            given = [(name, row[place]) for place, name in rest if row[place] != ""]
            yield FileEvent(
                case=row[case],
                activity=row[activity],
                at=_moment(path, line, row[timestamp] or None),
                attributes={name: text for name, text in given if not name.startswith("case:")},
                trace={name.removeprefix("case:"): text for name, text in given if name.startswith("case:")},
                line=line,
            )
    except csv.Error as error:
        raise FileError(path, rows.line_num + 1, f"not CSV: {error}.") from error


def _decoded(path: Path, file: IO[bytes]) -> Iterator[str]:
    for number, line in enumerate(file, start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise FileError(path, number, "not UTF-8: save the file with that encoding.") from None
        yield text


def _column(path: Path, header: Iterable[str], what: str, named: str | None) -> int:
    """The place of a column: the one named, else the first of the usual names."""
    names = list(header)
    plain = ["".join(filter(str.isalnum, name.lower())) for name in names]
    if named is not None:
        if named in names:
            return names.index(named)
        wanted: Iterable[str] = ["".join(filter(str.isalnum, named.lower()))]
    else:
        wanted = _CSV_NAMES[what]
    for name in wanted:
        if name in plain:
            return plain.index(name)
    shown = ", ".join(names) or "none"
    problem = f"no column {named!r}" if named else f"no column is known to hold the {what}; name it with --{what}"
    raise FileError(path, 1, f"{problem}. Columns: {shown}.")


def _moment(path: Path, line: int, value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        return parse_moment(value)
    except MomentError as error:
        raise FileError(path, line, str(error)) from None
