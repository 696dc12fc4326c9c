"""Long commands report how far they are: plain lines where there is no terminal, one rewritten line at a terminal."""

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import OutputWrapper

from foundation import progress
from models_mining.mining import rediscovery
from models_mining.store import event_reader
from streams.models import Broker, EventLog, Stream
from streams.recording import ingest
from tests.streams.files.logs import csv_log

EVENTS = 9000
LINE = re.compile(r"[^:]+: .*\d s")
pytestmark = pytest.mark.django_db(transaction=True)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def _at_each_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PLAIN_S", 0.0)
    monkeypatch.setattr(progress, "TERMINAL_S", 0.0)
    monkeypatch.setattr(ingest, "REPORT_S", 0.01)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "loans.csv"
    path.write_text(csv_log(EVENTS))
    return path


def run(*command: str, **options: Any) -> list[str]:
    """The lines that a command writes to standard error where that is no terminal."""
    errors = StringIO()
    call_command(*command, stdout=StringIO(), stderr=errors, **options)
    text = errors.getvalue()
    assert "\r" not in text
    assert "\x1b" not in text
    return text.splitlines()


@pytest.mark.usefixtures("_at_each_report")
def test_commands_report_in_plain_lines_and_end_with_what_they_did(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *lines, last = run("importlog", str(file))
    assert re.match(r"loans\.csv, checking: \d\d%, ", lines[0])
    assert any(re.match(r"loans\.csv: 4000 events, \d+%, \d+ events a second, \d+ s$", line) for line in lines)
    assert all(LINE.fullmatch(line) for line in lines)
    assert last.startswith(f"loans.csv: {EVENTS} events read in ")

    *lines, last = run("exportlog", "loans", "--output", str(tmp_path / "out.csv"))
    assert re.match(r"log loans: 0\.\d MB, ", lines[0])
    assert last.startswith("log loans: ")
    assert "bytes of csv in" in last

    monkeypatch.setattr(event_reader, "CHUNK", 1000)
    *lines, last = run("mine", "--once")
    assert lines[3].startswith(f"log loans: 4000 of {EVENTS} events, 44%, ")
    assert any(re.match(r"log loans, saving: \d+ of \d+ cases, ", line) for line in lines)
    assert last == f"{EVENTS} events learnt"

    *lines, last = run("audit", "loans", "--algorithm", "dfg")
    assert any(line.startswith(f"log loans: {EVENTS} of {EVENTS} events, 100%") for line in lines)
    assert last.startswith("log loans, comparing: 3 models, ")


@pytest.mark.usefixtures("_at_each_report")
def test_mining_in_several_processes_reports_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("importlog", str(file), stderr=StringIO())
    monkeypatch.setattr(rediscovery, "_processes", lambda events: 2)
    monkeypatch.setattr(event_reader, "CHUNK", 100)
    *lines, last = run("mine", "--once")
    done = [int(found[1]) for line in lines if (found := re.match(rf"log loans: (\d+) of {EVENTS} events", line))]
    assert done == sorted(done)
    assert 0 < done[-1] <= EVENTS
    assert last == f"{EVENTS} events learnt"


@pytest.mark.usefixtures("_at_each_report")
def test_at_a_terminal_one_line_is_rewritten_and_gone_at_the_end(file: Path) -> None:
    errors = Terminal()
    call_command("importlog", str(file), stderr=errors, no_color=True)
    *rewritten, last = errors.getvalue().split("\r")
    assert last.startswith(f"loans.csv: {EVENTS} events read in ")
    assert last.count("\n") == 1
    assert not any("\n" in line for line in rewritten)
    assert any(line.startswith("loans.csv: 4000 events, ") for line in rewritten)
    assert set(rewritten[-1]) == {" "}
    assert len(rewritten[-1]) >= len(rewritten[-2].rstrip())


def test_a_command_of_less_than_five_seconds_reports_nothing(file: Path) -> None:
    assert len(run("importlog", str(file))) == 1


@pytest.mark.usefixtures("_at_each_report")
def test_what_is_sent_to_a_broker_and_taken_from_it_is_reported(broker: str, file: Path) -> None:
    host, _, port = broker.removeprefix("mqtt://").partition(":")
    plant = Broker.objects.create(name="plant", host=host, port=int(port))
    log = EventLog.objects.create(slug="l", name="l")
    stream = {"slug": "s", "name": "s", "topic": "progress/#", "log": log, "format": "mqtt-xes", "options": {}}
    Stream.objects.create(broker=plant, **stream)
    run("ingest", "--once")  # the session begins
    *lines, last = run("replay", str(file), "--broker", broker, "--base", "progress", "--speed", "0")
    assert re.match(rf"sending: \d+ of {EVENTS} events, ", lines[99])
    assert last.startswith(f"{EVENTS} events sent in ")
    *lines, last = run("ingest", "--once")
    assert re.match(r"messages of brokers: \d+ messages, ", lines[-1])
    assert last == f"{EVENTS} messages taken, 0 events sent on"


def test_rates_count_from_where_the_work_began() -> None:
    text = StringIO()
    shown = progress.Progress(OutputWrapper(text))
    assert shown._parts(2.0, 300, 400, "events", None) == ["300 of 400 events", "75%", "150 events a second", "2 s"]
    shown("import", 100)
    assert shown._parts(2.0, 300, None, "events", 0.5) == ["300 events", "50%", "100 events a second", "2 s"]
    assert shown._parts(2.0, 1.25, 5.0, "MB", None)[0] == "1.2 of 5.0 MB"
    assert text.getvalue() == ""
