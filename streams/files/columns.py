"""Reading CSV: a header, then an event a row."""

import codecs
import csv
from collections.abc import Iterable, Iterator
from typing import IO

from streams.files.rows import BadRow, Columns, FileError, FileEvent, Row, moment
from streams.parsing.moments import MomentError

MAX_LINE = 16 << 20  # bytes
# Column names in the wild, compared without case, spaces and signs; the earlier the better.
_NAMES = {
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


def read_csv(name: str, file: IO[bytes], columns: Columns) -> Iterator[Row]:
    """The events in the order of the file. Columns that begin with ``case:`` belong to the trace. Raises FileError."""
    lines = _decoded(name, file)
    header_line = next(lines, "")
    delimiter = max(",;\t|", key=header_line.count)
    header = next(csv.reader([header_line], delimiter=delimiter), [])
    case = _column(name, header, "case", columns.case)
    activity = _column(name, header, "activity", columns.activity)
    timestamp = _column(name, header, "timestamp", columns.timestamp)
    rest = [(place, title) for place, title in enumerate(header) if place not in (case, activity, timestamp)]
    own = [(place, title) for place, title in rest if not title.startswith("case:")]
    shared = [(place, title.removeprefix("case:")) for place, title in rest if title.startswith("case:")]
    rows = csv.reader(lines, delimiter=delimiter)
    try:
        for row in rows:
            line = rows.line_num + 1
            if not row:
                continue
            if len(row) != len(header):
                detail = f"{len(row)} fields, but the header has {len(header)}."
                yield BadRow(line, "bad_row", detail, delimiter.join(row))
                continue
            try:
                at = moment(row[timestamp])
            except MomentError as error:
                yield BadRow(line, "bad_time", str(error), delimiter.join(row))
                continue
            yield FileEvent(
                case=row[case],
                activity=row[activity],
                at=at,
                attributes={title: row[place] for place, title in own if row[place] != ""},
                trace={title: row[place] for place, title in shared if row[place] != ""},
                line=line,
            )
    except csv.Error as error:
        raise FileError(name, rows.line_num + 1, f"not CSV: {error}.") from error


class Utf8Reader:
    """Says where no UTF-8 is."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._line = 1

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        """Read on; raises FileError."""
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            line = self._line + chunk.count(b"\n", 0, error.start)
            raise FileError(self.name, line, "not UTF-8: save the file with that encoding.") from None
        self._line += chunk.count(b"\n")

    def close(self) -> None:
        """The end of the file; raises FileError where it should go on."""
        self.feed(b"", final=True)


def _decoded(name: str, file: IO[bytes]) -> Iterator[str]:
    for number, line in enumerate(iter(lambda: file.readline(MAX_LINE + 1), b""), start=1):
        if len(line) > MAX_LINE:
            raise FileError(name, number, f"the line is longer than {MAX_LINE >> 20} MiB.")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise FileError(name, number, "not UTF-8: save the file with that encoding.") from None
        yield text


def _column(file: str, header: Iterable[str], what: str, named: str | None) -> int:
    """The place of a column: the one named, else the first of the usual names."""
    names = list(header)
    plain = ["".join(filter(str.isalnum, name.lower())) for name in names]
    if named is not None:
        if named in names:
            return names.index(named)
        wanted: Iterable[str] = ["".join(filter(str.isalnum, named.lower()))]
    else:
        wanted = _NAMES[what]
    for name in wanted:
        if name in plain:
            return plain.index(name)
    shown = ", ".join(names) or "none"
    problem = f"no column {named!r}" if named else f"no column is known to hold the {what}; name it with --{what}"
    raise FileError(file, 1, f"{problem}. Columns: {shown}.")
