"""A log file through a real broker into the table: nothing lost, nothing twice, in event order."""

import uuid
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from streams.files import read_log
from streams.files.replay import event_id, outgoing
from streams.models import Event, EventLog
from tests.conftest import free_port
from tests.streams.conftest import counts, wait_received
from tests.streams.files.logs import XES, csv_log
from tests.tools.sample_logs import sample_files

SAMPLES = sample_files()


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    path = tmp_path / "orders 100 %.csv"
    path.write_text(csv_log(500))
    return path


@pytest.mark.django_db(transaction=True)
def test_a_log_replayed_twice_is_stored_once_with_every_name_as_it_was(
    registered, ingesting, broker, base, log_file, capsys
):
    stream = registered(options={"escapes": "percent"})
    ingesting()
    call_command("replay", log_file, broker=broker, base=base, speed=0)
    assert "500 events sent in" in capsys.readouterr().err
    wait_received(stream, 500)
    call_command("replay", log_file, broker=broker, base=base, speed=0)
    assert wait_received(stream, 1000) == {
        "received": 1000,
        "stored": 500,
        "duplicates": 500,
        "rejected": 0,
        "ignored": 0,
    }
    assert EventLog.objects.get().name == "orders 100 %"
    expected = sorted(read_log(log_file), key=lambda event: event.at)
    rows = Event.objects.order_by("seq")
    assert [(row.case, row.activity, row.at) for row in rows] == [(e.case, e.activity, e.at) for e in expected]
    assert {str(row.attributes) for row in rows} == {"{'kind': 'x'}"}
    ids = list(rows.values_list("event_id", flat=True))
    times = [int(id_.replace("-", "")[:12], 16) for id_ in ids]
    assert times == sorted(times)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("qos", [0, 2])
def test_trace_and_event_attributes_arrive_under_the_process_that_was_named(
    registered, ingesting, broker, base, tmp_path, qos
):
    path = tmp_path / "l.xes"
    path.write_text(XES)
    stream = registered(options={"escapes": "percent"})
    ingesting()
    call_command("replay", path, broker=broker, base=f"/{base}/", process="a/b", speed=0, qos=qos)
    assert wait_received(stream, 3)["stored"] == 3
    assert EventLog.objects.get().name == "a/b"
    last = Event.objects.get(activity="Check + pay")
    assert (last.attributes["case:creator"], last.attributes["cost"]) == ("Ann", 12.5)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not SAMPLES, reason="PROCMINE_SAMPLE_LOGS names no folder with logs")
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_log_is_stored_whole(registered, ingesting, broker, base, path):
    stream = registered(options={"escapes": "percent"})
    ingesting()
    expected = Counter((event.case, event.activity, event.at) for event in read_log(path))
    call_command("replay", path, broker=broker, base=base, speed=0)
    assert wait_received(stream, expected.total(), timeout_s=60)["stored"] == expected.total()
    if None not in {at for _, _, at in expected}:
        assert Counter(Event.objects.values_list("case", "activity", "at")) == expected
    assert counts(stream)["duplicates"] == 0


def test_the_speed_scales_the_timing_of_the_log(tmp_path):
    path = tmp_path / "l.xes"
    path.write_text(XES)
    dues = [message.due - outgoing(path, "b", "p")[0].due for message in outgoing(path, "b", "p")]
    assert dues == [timedelta(0), timedelta(days=1), timedelta(days=1)]


def test_a_log_without_times_keeps_its_order_and_is_told_by_arrival(tmp_path):
    path = tmp_path / "l.csv"
    path.write_text("case,activity,time\nc,B,\nc,A,\n")
    messages = outgoing(path, "", "p")
    assert [message.topic for message in messages] == ["p/c/B", "p/c/A"]
    assert b"time:timestamp" not in messages[0].payload
    assert [message.payload for message in messages] == [message.payload for message in outgoing(path, "", "p")]


def test_ids_are_uuids_of_version_8_that_depend_on_the_log_alone():
    id_ = uuid.UUID(event_id(1767348000000, "p", "c", 0))
    assert (id_.int >> 80, id_.version, id_.variant) == (1767348000000, 8, uuid.RFC_4122)
    ids = {event_id(ms, *words) for ms in (-1, 0, 1) for words in (("p", "c", 0), ("p", "c", 1), ("pc", "", 0))}
    assert len(ids) == 6  # before 1970 counts as 1970
    assert event_id(0, "p", "c", 0) < event_id(1, "p", "c", 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"broker": "http://x"}, "expected mqtt://"),
        ({"broker": f"mqtt://127.0.0.1:{free_port()}"}, "Nobody listens"),
        ({"base": "a/#"}, "no [+] and #"),
        ({"speed": -1}, "--speed must be 0 or more"),
        ({"case": "nobody"}, "no column 'nobody'"),
    ],
)
def test_what_cannot_be_replayed_is_told(log_file, options, message):
    with pytest.raises(CommandError, match=message):
        call_command("replay", log_file, **options)


def test_a_log_whose_events_have_times_only_sometimes_is_refused(tmp_path):
    path = tmp_path / "l.csv"
    path.write_text("case,activity,time\nc,A,2026-01-01\nc,B,\n")
    with pytest.raises(CommandError, match="line 3: the event has no time, but others have"):
        call_command("replay", path)
