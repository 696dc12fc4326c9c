"""Log files: what is read, and what is said where one cannot be read."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.files import Columns, FileError, read_log
from tests.streams.files.logs import XES, csv_log

AT = datetime(2026, 1, 2, 9, tzinfo=UTC)


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def xes(traces: str, head: str = "") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}<log xmlns="http://www.xes-standard.org/">\n{traces}\n</log>'


def test_an_xes_log_is_read_with_its_types(tmp_path):
    first, second, third = read_log(written(tmp_path, "l.xes", XES))
    assert (first.case, first.activity, first.at) == ("c/1", "Check + pay", AT)
    assert first.trace == {"creator": "Ann"}
    assert first.attributes == {"cost": 12.5, "n": 3, "ok": True, "due": "2026-02-01T00:00:00Z", "wrong": "x"}
    assert (second.case, second.activity, second.line) == ("c/1", "100 %", 18)
    assert third.case == "2"  # a trace without a name is called by its number


def test_a_gzipped_log_is_read_alike(tmp_path):
    plain = list(read_log(written(tmp_path, "l.xes", XES)))
    assert list(read_log(written(tmp_path, "L.XES.gz", gzip.compress(XES.encode())))) == plain


@pytest.mark.parametrize(
    "header",
    [
        "case:concept:name,concept:name,time:timestamp",
        "Case ID;Activity;Complete Timestamp",
        "\ufeffcase_id\tactivity_name\tTimestamp",
        "TraceId|Task|date",
    ],
)
def test_columns_are_found_by_their_usual_names(tmp_path, header):
    delimiter = next(char for char in ",;\t|" if char in header)
    row = delimiter.join(("c1", "A", "2026-01-02T09:00:00Z"))
    (event,) = read_log(written(tmp_path, "l.csv", f"{header}\n{row}\n"))
    assert (event.case, event.activity, event.at, event.attributes) == ("c1", "A", AT, {})


def test_columns_can_be_named_and_prefixed_ones_belong_to_the_trace(tmp_path):
    text = 'who,what,when,case:channel,note,empty\nc1,A,2026-01-02 09:00,web,"a, b\nc",\n'
    columns = Columns(case="who", activity="what", timestamp="WHEN")
    (event,) = read_log(written(tmp_path, "l.csv", text), columns)
    assert (event.case, event.activity, event.at) == ("c1", "A", AT)
    assert (event.trace, event.attributes) == ({"channel": "web"}, {"note": "a, b\nc"})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("l.txt", "", r"l\.txt: expected \.xes, \.csv"),
        ("l.xes", "", r"l\.xes, line 1: not XML: no element found"),
        ("l.xes", "<log><trace></log>", r"line 1: not XML: mismatched tag"),
        ("l.xes", "<pnml/>", r"line 1: expected <log>, found <pnml>"),
        ("l.xes", xes("<event/>"), r"line 3: The event is outside every trace"),
        ("l.xes", xes("<trace>\n<event/></trace>"), r"line 4: The event has no concept:name"),
        (
            "l.xes",
            xes(
                '<trace><event><string key="concept:name" value="a"/>'
                '<date key="time:timestamp" value="x"/></event></trace>'
            ),
            r"line 3: 'x' is not a moment",
        ),
        ("l.xes", xes("&lol;", '<!DOCTYPE l [<!ENTITY lol "lol">]>\n'), r"line 2: a document type is refused"),
        ("l.xes", '<!DOCTYPE l SYSTEM "file:///etc/passwd"><log/>', r"line 1: a document type is refused"),
        ("l.xes", '<?xml version="1.0" encoding="nonsense"?><log/>', r"unknown encoding"),
        ("l.xes.gz", "no gzip", r"l\.xes\.gz: cannot be read"),
        ("l.xes.gz", gzip.compress(b"<log>" * 9999, mtime=0)[:-20], r"l\.xes\.gz: cannot be read"),
        ("l.csv", "", r"line 1: no column is known to hold the case; name it with --case\. Columns: none"),
        ("l.csv", "a,b\n", r"no column is known to hold the case; name it with --case\. Columns: a, b"),
        ("l.csv", "case,activity,time\nc,a\n", r"line 2: 2 fields, but the header has 3"),
        ("l.csv", "case,activity,time\nc,a,2026-01-01\nc,a,soon\n", r"line 3: 'soon' is not a moment"),
        ("l.csv", b"case,activity,time\nc,\xff,2026-01-01\n", r"line 2: not UTF-8"),
        ("l.csv", "case,activity,time\nc," + "a" * 200_000 + ",2026-01-01\n", r"line 2: not CSV: field larger"),
    ],
)
def test_a_file_that_is_no_log_is_refused_with_its_line(tmp_path, name, text, message):
    with pytest.raises(FileError, match=message):
        list(read_log(written(tmp_path, name, text)))


def test_a_column_that_is_not_there_is_told_with_those_that_are(tmp_path):
    path = written(tmp_path, "l.csv", csv_log(1))
    with pytest.raises(FileError, match=r"line 1: no column 'order'\. Columns: case, activity, time, kind"):
        list(read_log(path, Columns(case="order")))


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileError, match=r"none\.csv: cannot be read: No such file"):
        list(read_log(tmp_path / "none.csv"))
