"""``xes``: an event log file, one trace a case. Source: XES, IEEE 1849-2016."""

import re
import sqlite3
from collections.abc import Callable
from xml.sax.saxutils import quoteattr

from simulator.errors import SinkError
from simulator.reading.fields import Fields
from simulator.sinks import SINKS
from simulator.sinks.base import Overrides, Sink, SinkHead, Surroundings
from simulator.sinks.file import OutputFile, read_path
from simulator.world.event import Event

MAX_HELD = 50_000  # events of open cases kept in memory

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<global scope="trace"><string key="concept:name" value=""/></global>
<global scope="event"><string key="concept:name" value=""/><date key="time:timestamp" value="1970-01-01T00:00:00Z"/>\
</global>
<classifier name="Activity" keys="concept:name"/>
"""
TAIL = "</log>\n"

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Waiting:
    """The written events of open cases, in memory up to ``MAX_HELD``, the rest in a temporary file.

    So memory is bounded, also where cases never end or end at a datasource that this sink does not listen to.
    """

    def __init__(self) -> None:
        self._held: dict[str, list[str]] = {}
        self._count = 0
        self._spilled: sqlite3.Connection | None = None

    def add(self, case: str, text: str) -> None:
        self._held.setdefault(case, []).append(text)
        self._count += 1
        if self._count >= MAX_HELD:
            self._spill()

    def take(self, case: str) -> str:
        """All events of a case, which is forgotten."""
        events = self._held.pop(case, [])
        self._count -= len(events)
        before = ""
        if self._spilled is not None:
            rows = self._spilled.execute("SELECT text FROM held WHERE name = ? ORDER BY rowid", (case,)).fetchall()
            if rows:
                before = "".join(text for (text,) in rows)
                self._spilled.execute("DELETE FROM held WHERE name = ?", (case,))
        return before + "".join(events)

    def _spill(self) -> None:
        if self._spilled is None:
            self._spilled = sqlite3.connect("")  # a temporary file that is gone when it is closed
            self._spilled.execute("CREATE TABLE held (name TEXT, text TEXT)")
            self._spilled.execute("CREATE INDEX by_name ON held (name)")
        rows = ((case, "".join(events)) for case, events in self._held.items())
        self._spilled.executemany("INSERT INTO held VALUES (?, ?)", rows)
        self._held.clear()
        self._count = 0

    def drain(self, take: Callable[[str, str], None]) -> None:
        """Hand over every case that is left with its events, and close."""
        if self._spilled is not None:
            self._spill()
            for (case,) in self._spilled.execute("SELECT name FROM held GROUP BY name ORDER BY min(rowid)"):
                rows = self._spilled.execute("SELECT text FROM held WHERE name = ? ORDER BY rowid", (case,))
                take(case, "".join(text for (text,) in rows))
            self._spilled.close()
            self._spilled = None
        for case, events in self._held.items():
            take(case, "".join(events))
        self._held.clear()
        self._count = 0


class XesSink(Sink):
    """Writes a trace when its case ends, and those still open at the close. Until then the file is incomplete."""

    def __init__(self, file: OutputFile, name: str) -> None:
        self._file = file
        self._name = name
        self._waiting = Waiting()
        self._surroundings = Surroundings(say=lambda text: None, stopped=lambda: False)
        self._mended = False
        self._opened = False

    def open(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._file.open()
        self._opened = True
        self._file.write(f'{HEAD}<string key="concept:name" value={self._quoted(self._name)}/>\n')

    def send(self, event: Event) -> None:
        at = event.at.isoformat(timespec="microseconds")
        text = (
            f'<event><string key="concept:name" value={self._quoted(event.activity)}/>'
            f'<date key="time:timestamp" value="{at}"/>'
            f'<string key="node" value={self._quoted(event.node)}/>'
            f'<string key="group" value={self._quoted(event.group)}/></event>\n'
        )
        try:
            self._waiting.add(event.case, text)
            if event.ends_case:
                self._write_trace(event.case, self._waiting.take(event.case))
        except sqlite3.Error as error:
            raise SinkError(f"temporary file of the xes sink: {error}") from error

    def _write_trace(self, case: str, events: str) -> None:
        self._file.write(f'<trace><string key="concept:name" value={self._quoted(case)}/>\n{events}</trace>\n')

    def _quoted(self, text: str) -> str:
        """``text`` as the value of an XML attribute, quotes included."""
        if _NOT_XML.search(text):
            if not self._mended:
                self._mended = True
                self._surroundings.say(f"xes: XML cannot hold the control characters of {text!r}; they become '\ufffd'")
            text = _NOT_XML.sub("\ufffd", text)
        return quoteattr(text)

    def idle(self) -> None:
        self._file.flush()

    def close(self) -> None:
        if not self._opened:
            return
        self._opened = False
        try:
            self._waiting.drain(self._write_trace)
            self._file.write(TAIL)
        except sqlite3.Error as error:
            raise SinkError(f"temporary file of the xes sink: {error}") from error
        finally:
            self._file.close()


@SINKS.register("xes")
def read(fields: Fields, head: SinkHead, overrides: Overrides) -> Sink:
    """Field: path. The log is named after the sink."""
    return XesSink(read_path(fields), head.name)
