"""Log files into logs and out of them: nothing lost, nothing twice, and pm4py reads what was there."""

import gzip
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from streams.events.store import NewEvent, store_events
from streams.files import FileError, LogFile
from streams.files.imports import BusyError, import_file
from streams.files.writing import export
from streams.models import Event, EventLog, Import, Rejection
from streams.parsing.values import PayloadError
from tests.conftest import wait_for
from tests.streams.files.logs import XES, csv_log

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def log(transactional_db: None) -> EventLog:
    return EventLog.objects.create(slug="l", name="The log")


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def events(log: EventLog) -> list[Any]:
    return list(Event.objects.filter(log=log).order_by("seq").values_list("case", "activity", "at", "attributes"))


def test_a_file_becomes_events_in_its_order_with_the_attributes_of_a_trace_once(tmp_path, log):
    last = list(import_file(log, LogFile(written(tmp_path, "l.xes.gz", XES))))[-1]
    assert (last.position, last.stored, last.rejected, last.finished_at is not None) == (3, 3, 0, True)
    first, second, third = events(log)
    typed = {"cost": 12.5, "n": 3, "ok": True, "due": "2026-02-01T00:00:00Z", "wrong": "x"}
    assert first[3] == {**typed, "case:creator": "Ann"}
    assert (second[0], second[1], second[3]) == ("c/1", "100 %", {})
    assert third[:2] == ("2", "#1")
    assert Event.objects.first().stream is None


@pytest.mark.parametrize("rounds", [0, 1, 3, 5])
def test_an_import_that_was_ended_goes_on_where_it_was_and_a_finished_one_is_not_repeated(tmp_path, log, rounds):
    path = written(tmp_path, "l.csv", csv_log(45))
    for _ in islice(import_file(log, LogFile(path), batch=10), rounds):
        pass
    assert Event.objects.count() == max(rounds - 1, 0) * 10
    done = list(import_file(log, LogFile(path.rename(tmp_path / "renamed.csv")), batch=10))[-1]
    assert (done.stored, done.duplicates, done.position, done.name) == (
        45,
        0,
        45,
        "renamed.csv" if rounds == 0 else "l.csv",
    )
    assert len(list(import_file(log, LogFile(tmp_path / "renamed.csv")))) == 1
    assert [case for case, *_ in events(log)] == [line.split(",")[0] for line in csv_log(45).splitlines()[1:]]


def test_an_import_that_is_killed_goes_on_without_loss_or_repetition(tmp_path, log):
    path = written(tmp_path, "l.csv", csv_log(30_000))
    own = connection.settings_dict
    url = f"sqlite:///{own['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgres://{own['USER']}@{own['HOST']}:{own['PORT']}/{own['NAME']}"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "importlog", str(path), "--log", "l"],
        cwd=Path(__file__).resolve().parents[3],
        env=os.environ | {"PROCMINE_DATABASE_URL": url},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(Event.objects.exists, timeout_s=30, what="the first events")
    finally:
        process.kill()
        process.wait(10)
    done = list(import_file(log, LogFile(path)))[-1]
    assert (done.stored, done.duplicates, done.position) == (30_000, 0, 30_000)
    assert [case for case, *_ in events(log)] == [line.split(",")[0] for line in csv_log(30_000).splitlines()[1:]]


def test_two_imports_of_one_file_at_once_do_not_mix(tmp_path, log):
    path = written(tmp_path, "l.csv", csv_log(30))
    one, other = (import_file(log, LogFile(path), batch=10) for _ in range(2))
    assert (next(one).position, next(other).position) == (0, 0)
    assert next(one).position == 10
    with pytest.raises(BusyError, match=r"l\.csv is being read into l by another process"):
        next(other)
    assert list(one)[-1].stored == Event.objects.count() == 30


def test_each_bad_row_is_a_rejection_that_tells_its_line(tmp_path, log):
    rows = ["case,activity,time", "c,A,2026-01-01", "c,A", "c,A,soon", ",A,2026-01-01", "c,B,", "c,A\0,2026-01-01"]
    path = written(tmp_path, "l.csv", "\n".join(rows))
    done = list(import_file(log, LogFile(path), batch=2))[-1]
    assert (done.position, done.stored, done.rejected) == (6, 2, 4)
    told = Rejection.objects.order_by("id").values_list("topic", "reason", "payload")
    assert [(topic, reason, bytes(payload)) for topic, reason, payload in told][:2] == [
        ("l.csv, line 3", "bad_row", b"c,A"),
        ("l.csv, line 4", "bad_time", b"c,A,soon"),
    ]
    assert [reason for _, reason, _ in told][2:] == ["empty_case", "nul"]
    assert Event.objects.get(activity="B").at_source == "arrival"


def test_a_damaged_file_is_refused_before_anything_of_it_is_stored(tmp_path, log):
    with pytest.raises(FileError, match="not XML"):
        list(import_file(log, LogFile(written(tmp_path, "l.xes", XES.replace("</log>", "")))))
    cut = tmp_path / "l.csv.gz"
    cut.write_bytes(gzip.compress(csv_log(99).encode())[:-12])
    with pytest.raises(FileError, match="cannot be read"):
        list(import_file(log, LogFile(cut)))
    with pytest.raises(FileError, match="line 1: a document type is refused"):
        list(import_file(log, LogFile(written(tmp_path, "d.xes", "<!DOCTYPE log [<!ENTITY a 'b'>]><log/>"))))
    assert not Import.objects.exists()


def test_an_event_s_own_id_is_stored_once(tmp_path, log):
    text = "case,activity,time,identity:id\nc,A,2026-01-01,1\nc,B,2026-01-01,2\n"
    list(import_file(log, LogFile(written(tmp_path, "l.csv", text))))
    done = list(import_file(log, LogFile(written(tmp_path, "l.csv", text + "c,C,2026-01-01,3\n"))))[-1]
    assert (done.stored, done.duplicates) == (1, 2)
    assert list(Event.objects.order_by("seq").values_list("event_id", flat=True)) == ["1", "2", "3"]


def test_an_archived_log_takes_no_file(tmp_path, log):
    EventLog.objects.filter(pk=log.pk).update(archived_at=datetime.now(UTC))
    with pytest.raises(PayloadError, match="The log l is archived"):
        list(import_file(log, LogFile(written(tmp_path, "l.csv", csv_log(1)))))
    assert not Event.objects.exists()


# --- Out ------------------------------------------------------------------------------


READ = """
import sys, pandas, pm4py
keys = {"case_id": "case:concept:name", "activity_key": "concept:name", "timestamp_key": "time:timestamp"}
for path in sys.argv[1:]:
    csv = path.endswith(".csv")
    read = pm4py.format_dataframe(pandas.read_csv(path), **keys) if csv else pm4py.read_xes(path)
    read = read[sorted(name for name in read if not name.startswith("@@"))].reset_index(drop=True)
    print(read.to_json(orient="split", date_format="iso", date_unit="us", double_precision=15))
"""


def read_by_pm4py(*paths: Path) -> list[dict[str, Any]]:
    """The tables pm4py reads; in a process of its own, for it leaves files open."""
    command = [sys.executable, "-W", "ignore", "-c", READ, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def column(table: dict[str, Any], name: str) -> list[Any]:
    place = table["columns"].index(name)
    return [row[place] for row in table["data"]]


def original() -> str:
    """A log by case and time, with every type, equal times, and characters that XML and CSV escape."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    traces = []
    for case in range(30):
        rows = []
        for n in range(case % 5 + 1):
            at = start + timedelta(minutes=case, seconds=n // 2, milliseconds=n * 250 if n % 2 else 0)
            rows.append(
                f'<event><string key="concept:name" value="A{n} &lt;&quot;&amp;, Prüfung"/>'
                f'<date key="time:timestamp" value="{at.isoformat()}"/><int key="n" value="{n - 1}"/>'
                f'<float key="cost" value="{n / 3!r}"/><boolean key="ok" value="{"true" if n % 2 else "false"}"/>'
                f'<string key="note" value="a&#10;b; c"/><date key="due" value="2026-03-01T00:00:00.000+01:00"/>'
                f'<string key="lifecycle:transition" value="complete"/></event>'
            )
        traces.append(
            f'<trace><string key="concept:name" value="c{case:02}"/>'
            f'<date key="REG" value="2011-10-01T00:38:44.546+02:00"/>'
            f'<int key="amount" value="{case}"/>{"".join(rows)}</trace>'
        )
    return f'<log xes.version="1.0" xmlns="http://www.xes-standard.org/">{"".join(traces)}</log>'


def test_import_then_export_is_read_by_pm4py_as_the_original(tmp_path, log):
    source, xes, csv = written(tmp_path, "in.xes", original()), tmp_path / "out.xes", tmp_path / "out.csv"
    list(import_file(log, LogFile(source), batch=7))
    call_command("exportlog", "l", "--output", str(xes), stderr=StringIO())
    call_command("exportlog", "l", "--as", "csv", "--output", str(csv), stderr=StringIO())
    theirs, ours, cells = read_by_pm4py(source, xes, csv)
    assert len(theirs["data"]) == Event.objects.count() == 90
    assert ours == theirs
    for name in ("case:concept:name", "concept:name", "time:timestamp", "n", "cost", "ok", "note"):
        assert column(cells, name) == column(theirs, name), name
    again = EventLog.objects.create(slug="again", name="again")
    list(import_file(again, LogFile(xes)))
    assert events(again) == events(log)


def test_an_exported_log_is_xes_whatever_it_holds(tmp_path, log):
    odd = {
        "a": "\x01\ud7ff",
        "concept:name": "x",
        "deep": {"l": [1, None]},
        "big": 1 << 63,
        "none": None,
        "=1+1": "=1+1",
    }
    store_events(
        [
            NewEvent(
                log.pk, "b", "\x02", datetime(9999, 1, 1, tzinfo=UTC), datetime.now(UTC), event_id="x", attributes=odd
            ),
            NewEvent(log.pk, "a", "A", datetime(1, 1, 1, tzinfo=UTC), datetime.now(UTC), attributes={"case:k": 1}),
            NewEvent(log.pk, "b", "B", datetime(1, 1, 1, tzinfo=UTC), datetime.now(UTC), attributes={"case:k": 2.5}),
        ]
    )
    root = ET.fromstring(b"".join(export(log, "xes")))  # noqa: S314  our own
    name = "{http://www.xes-standard.org/}"
    assert [child.tag.removeprefix(name) for child in root] == [
        *["extension"] * 5,
        "global",
        "global",
        "classifier",
        "string",
        "trace",
        "trace",
    ]
    assert {child.get("prefix") for child in root.iter(f"{name}extension")} == {
        *("concept", "time", "org", "identity", "lifecycle")
    }
    told = [
        [(a.tag.removeprefix(name), a.get("key"), a.get("value")) for a in part] for part in root.iter(f"{name}event")
    ]
    assert told[1][:2] == [("string", "concept:name", "B"), ("date", "time:timestamp", "0001-01-01T00:00:00+00:00")]
    assert told[2][:3] == [
        ("string", "concept:name", "\N{REPLACEMENT CHARACTER}"),
        ("date", "time:timestamp", "9999-01-01T00:00:00+00:00"),
        ("string", "identity:id", "x"),
    ]
    assert set(told[2][3:]) == {
        ("string", "a", "\N{REPLACEMENT CHARACTER}\ud7ff"),
        ("string", "attribute:concept:name", "x"),
        ("string", "deep", '{"l":[1,null]}'),
        ("string", "big", str(1 << 63)),
        ("string", "=1+1", "=1+1"),
    }
    lines = b"".join(export(log, "csv")).decode().split("\r\n")
    assert lines[0].split(",") == [
        *("case:concept:name", "concept:name", "time:timestamp", "identity:id", "case:k"),
        *("=1+1", "a", "big", "attribute:concept:name", "deep", "none"),
    ]
    other = EventLog.objects.create(slug="x", name="x")
    list(import_file(other, LogFile(written(tmp_path, "x.csv", "\n".join(lines)))))
    assert Event.objects.filter(log=other).count() == 3
    assert [json.loads(line)["seq"] for line in b"".join(export(log, "ndjson")).splitlines()] == [1, 2, 3]


def test_the_commands_say_what_they_did_and_what_is_wrong(tmp_path):
    said = StringIO()
    path = written(tmp_path, "My Loans.csv", csv_log(5))
    call_command("importlog", str(path), stderr=said)
    assert EventLog.objects.get().slug == "my-loans"
    assert "5 stored, 0 duplicates, 0 rejected in all, in log my-loans" in said.getvalue()
    call_command("importlog", str(path), "--log", "other", "--case", "kind", stderr=said)
    assert set(Event.objects.filter(log__slug="other").values_list("case", flat=True)) == {"x"}
    with pytest.raises(CommandError, match=r"no column 'order'"):
        call_command("importlog", str(path), "--log", "other", "--case", "order")
    with pytest.raises(CommandError, match="expected a slug"):
        call_command("importlog", str(path), "--log", "no slug")
    with pytest.raises(CommandError, match="There is no log none"):
        call_command("exportlog", "none", "--as", "csv")
    with pytest.raises(CommandError, match="In which form"):
        call_command("exportlog", "other")
    with pytest.raises(CommandError, match="cannot be written: No such file"):
        call_command("exportlog", "other", "--output", str(tmp_path / "no" / "x.csv"))
    call_command("exportlog", "other", "--output", str(tmp_path / "x.ndjson.gz"), stderr=said)
    assert len(gzip.decompress((tmp_path / "x.ndjson.gz").read_bytes()).splitlines()) == 5
    assert sorted(file.name for file in tmp_path.iterdir()) == ["My Loans.csv", "x.ndjson.gz"]
