"""Compares what was sent and acknowledged with what is stored: lost, duplicate, phantom, altered."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

from tests.faults.senders import Sender
from tests.faults.truth import attributes, event

_ROWS = 'SELECT seq, "case", activity, at, attributes FROM streams_event ORDER BY seq'


@dataclass
class Report:
    """What is wrong; all zero when the promises hold."""

    stored: int = 0
    lost: int = 0
    duplicate: int = 0
    phantom: int = 0
    altered: int = 0
    gaps: int = 0
    missing: list[str] = field(default_factory=list)  # the first lost ones: sender and number

    @property
    def clean(self) -> bool:
        """Nothing is wrong."""
        return not (self.lost or self.duplicate or self.phantom or self.altered or self.gaps)


def check(database: str, senders: Iterable[Sender]) -> Report:
    """The stored events beside what the senders sent and were acknowledged; ``database`` is a file or a URL."""
    report = Report()
    stored: Counter[tuple[str, int]] = Counter()
    known = {sender.name: sender for sender in senders}
    for place, (seq, case, activity, at, told) in enumerate(_rows(database), start=1):
        report.stored += 1
        report.gaps += seq != place
        sender, number = told.get("sender"), told.get("number")
        if sender not in known or not isinstance(number, int) or number >= known[sender].sent:
            report.phantom += 1
            continue
        stored[sender, number] += 1
        sent = event(sender, number)
        report.altered += (case, activity, at, told) != (sent.case, sent.activity, sent.at, attributes(sent))
    report.duplicate = sum(times - 1 for times in stored.values())
    for sender in known.values():
        report.missing += [
            f"{sender.name} {number}" for number in sorted(sender.acknowledged) if (sender.name, number) not in stored
        ]
    report.lost = len(report.missing)
    del report.missing[20:]
    return report


def _rows(database: str) -> Iterator[tuple[int, str, str, datetime, dict[str, Any]]]:
    if database.startswith("postgres"):
        with psycopg.connect(database) as postgresql:
            for seq, case, activity, at, told in postgresql.execute(_ROWS):
                yield seq, case, activity, at, told
        return
    sqlite = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)
    try:
        for seq, case, activity, at, told in sqlite.execute(_ROWS):
            yield seq, case, activity, datetime.fromisoformat(at).replace(tzinfo=UTC), json.loads(told)
    finally:
        sqlite.close()


def newest(database: str) -> int:
    """How many events are stored, repeated ones too: asked all the time, so it counts nothing."""
    return _number(database, "SELECT COALESCE(MAX(next_seq), 1) - 1 FROM streams_eventlog")


def distinct(database: str) -> int:
    """How many different events of senders are stored, repeated ones counted once."""
    return _number(database, 'SELECT COUNT(*) FROM (SELECT DISTINCT "case", activity, at FROM streams_event) AS one')


def stored_of(database: str, sender: str) -> int:
    """How many events of one sender are stored."""
    sql = f"SELECT COUNT(*) FROM streams_event WHERE \"case\" LIKE '{sender} %'"  # noqa: S608  our own names
    return _number(database, sql)


def connected_since(database: str) -> str:
    """Since when the recorder is connected to the broker; empty while it is not."""
    return _value(
        database, "SELECT COALESCE(MAX(CAST(state_since AS text)), '') FROM streams_broker WHERE state = 'connected'"
    )


def _number(database: str, sql: str) -> int:
    return int(_value(database, sql))


def _value(database: str, sql: str) -> str:
    if database.startswith("postgres"):
        with psycopg.connect(database) as postgresql:
            row = postgresql.execute(sql).fetchone()  # type: ignore[arg-type,unused-ignore]
            return str(row[0]) if row else ""
    sqlite = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)
    try:
        return str(sqlite.execute(sql).fetchone()[0])
    finally:
        sqlite.close()
