"""``csv``: one row an event, under the column names that process mining tools look for."""

import csv
import io

from simulator.reading.fields import Fields
from simulator.sinks import SINKS
from simulator.sinks.base import Overrides, Sink, SinkHead, Surroundings
from simulator.sinks.file import OutputFile, read_path
from simulator.world.event import Event

COLUMNS = ("case:concept:name", "concept:name", "time:timestamp", "node", "group")


class CsvSink(Sink):
    """Rows in the order of the events, written as they come; the time is ISO 8601 in UTC, with microseconds."""

    def __init__(self, file: OutputFile) -> None:
        self._file = file

    def open(self, surroundings: Surroundings) -> None:
        self._file.open()
        self._write(COLUMNS)

    def send(self, event: Event) -> None:
        at = event.at.isoformat(timespec="microseconds")
        self._write((event.case, event.activity, at, event.node, event.group))

    def _write(self, row: tuple[str, ...]) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(row)
        self._file.write(line.getvalue())

    def idle(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


@SINKS.register("csv")
def read(fields: Fields, head: SinkHead, overrides: Overrides) -> Sink:
    """Field: path."""
    return CsvSink(read_path(fields))
