"""`manage.py serve` as people start it."""

import json
import os
import re
import signal
import socket
import sqlite3
import stat
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import free_port, listening, redis_server, wait_for
from tests.installation import put_migrated
from tests.procmine.conftest import Running, processes

Run = Callable[..., Running]


@pytest.fixture
def serve(run: Run) -> Run:
    """Start `manage.py serve` on free ports."""

    def start(*arguments: str, **environment: str) -> Running:
        ports = {"PROCMINE_BROKER_PORT": str(free_port())} | environment
        return run("manage.py", "serve", "--port", "0", *arguments, **ports)

    return start


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def migrated(var: Path) -> None:
    """Its tables are there: a start takes seconds less."""
    put_migrated(var)


def address(served: Running) -> str:
    return re.search(r"serves (\S+)", served.said("serves http"))[1]  # type: ignore[index]


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")


def rows(var: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(var / "procmine.sqlite3")) as database:
        return database.execute(query).fetchall()


def pid_of(var: Path, part: str) -> int:
    """The child whose command line ends with ``part``."""

    def found() -> list[int]:
        return [pid for pid, line in processes(var).items() if "foundation.processes.lifeline" in line and part in line]

    return int(wait_for(found, what=f"a process {part}")[0])


def test_it_serves_restarts_what_is_killed_and_leaves_nothing_at_ctrl_c(serve: Run, var: Path) -> None:
    served = serve()
    url = address(served)
    served.said("nobody can sign in yet")
    assert get(f"{url}healthz") == (200, "ok\n")
    assert get(f"{url}readyz")[0] == 200

    for role, part in (
        ("web", "daphne"),
        ("ingest", "procmine ingest"),
        ("mine", "procmine mine"),
        ("work", "procmine work"),
        ("broker", "iotcore"),
    ):
        before = pid_of(var, part)
        os.kill(before, signal.SIGKILL)
        served.said(f"{role:<9} was killed by SIGKILL; starting again in 0.5 s")
        wait_for(lambda part=part, before=before: pid_of(var, part) != before, 20, f"a new {role}")
    assert get(f"{url}healthz") == (200, "ok\n")  # on the socket that stayed open

    served.signal(signal.SIGINT)
    assert served.ends() == 0
    stopped = [line.split()[0] for line in served.lines if line.endswith("stopping")]
    assert stopped == ["ingest", "mine", "work", "web", "broker"]
    assert processes(var) == {}


def test_ctrl_c_while_it_starts_ends_it_too(serve: Run, var: Path) -> None:
    served = serve()
    served.said("starting web")
    served.signal(signal.SIGINT)
    assert served.ends() == 0
    assert processes(var) == {}


def test_a_taken_port_is_a_clear_error(run: Run, var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        served = run("manage.py", "serve", "--port", str(port))
        assert served.ends() == 1
    served.said(f"Cannot serve at 127.0.0.1 port {port}: it is taken. End what uses it, or choose another port with")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--host", "no.such.host.invalid"], "Cannot serve at no.such.host.invalid port 0"),
        (["--port", "99999"], "--port 99999: expected a number from 0 to 65535"),
        (["--demo", "--no-embedded-broker"], "leave --no-embedded-broker out"),
    ],
)
def test_options_that_cannot_work_are_refused(serve: Run, arguments: list[str], error: str) -> None:
    served = serve(*arguments)
    assert served.ends() == 1
    served.said(error)


def test_a_database_that_does_not_answer_is_a_clear_error(serve: Run) -> None:
    served = serve(PROCMINE_DATABASE_URL=f"postgres://nobody@127.0.0.1:{free_port()}/none")
    assert served.ends() == 1
    served.said("The database does not answer")


@pytest.mark.usefixtures("migrated")
def test_a_taken_port_of_the_broker_is_told_and_a_second_one_with_the_same_state_refused(serve: Run, var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        served = serve(PROCMINE_BROKER_PORT=str(taken))
        served.said(f"port {taken} is taken")
        address(served)
        port = int((var / "ports" / "broker").read_text())
        assert port != taken
        assert listening(port)
        assert rows(var, "SELECT name, host, port FROM streams_broker") == [("embedded", "127.0.0.1", port)]
    second = serve()
    assert second.ends() == 1
    second.said(f"procmine already runs with {var} (process {served.process.pid}).")


@pytest.mark.usefixtures("migrated")
def test_where_another_broker_is_configured_none_is_started_and_sigterm_ends_it(
    serve: Run, run: Run, var: Path
) -> None:
    plant = "from streams.models import Broker; Broker.objects.create(name='plant', host='127.0.0.1', port=1)"
    assert run("manage.py", "shell", "-c", plant).ends(60) == 0
    served = serve()
    address(served)
    assert not any(line.startswith("broker") for line in served.lines)
    assert not (var / "ports" / "broker").exists()
    served.signal(signal.SIGTERM)
    assert served.ends() == 0
    assert processes(var) == {}


def test_the_demo_signs_in_once_by_its_link_and_shows_a_factory(serve: Run, var: Path) -> None:
    served = serve("--demo")
    url = address(served)
    link = re.search(r"http\S+/demo/\S+", served.said("sign in, once"))[0]  # type: ignore[index]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    assert browser.open(link, timeout=10).url == f"{url}logs/factory/"
    assert browser.open(f"{url}admin/", timeout=10).url == f"{url}admin/"
    assert get(link)[0] == 410
    assert get(f"{url}demo/guessed/")[0] == 410

    password = var / "demo" / "password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    wait_for(lambda: rows(var, "SELECT 1 FROM streams_eventlog WHERE name = 'factory' AND stored > 20"), 60, "events")
    assert rows(var, "SELECT count(*) FROM streams_rejection") == [(0,)]
    starts = rows(
        var,
        "SELECT DISTINCT activity FROM streams_event e WHERE seq = (SELECT min(seq) FROM streams_event"
        ' WHERE "case" = e."case")',
    )
    assert starts == [("Cut tubes",)], "the factory started before ingestion had its connection"

    served.signal(signal.SIGINT)
    assert served.ends() == 0
    stopped = [line.split()[0] for line in served.lines if line.endswith("stopping")]
    assert stopped == ["simulator", "ingest", "mine", "work", "web", "broker"]
    assert processes(var) == {}


@pytest.mark.usefixtures("migrated")
def test_when_the_supervisor_is_killed_everything_ends_and_its_demo_link_signs_nobody_in(serve: Run, var: Path) -> None:
    served = serve("--demo")
    link = re.search(r"/demo/\S+", served.said("sign in, once"))[0]  # type: ignore[index]
    assert len(processes(var)) >= 6
    served.process.kill()
    wait_for(lambda: not processes(var), 15, "the end of all processes")
    again = serve("--no-embedded-broker")
    assert get(address(again).rstrip("/") + link)[0] == 410


@pytest.mark.usefixtures("migrated")
def test_readyz_names_the_part_that_fails(serve: Run, var: Path, tmp_path: Path) -> None:
    port = free_port()
    url = address(serve("--no-embedded-broker", PROCMINE_REDIS_URL=f"redis://127.0.0.1:{port}/0"))
    status, body = get(f"{url}readyz")
    assert status == 503
    assert list(json.loads(body)["failing"]) == ["channel layer"]
    with redis_server(tmp_path, port):
        assert get(f"{url}readyz")[0] == 200
        with closing(sqlite3.connect(var / "procmine.sqlite3")) as database, database:
            database.execute(
                "DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations WHERE app = 'streams')"
            )
        status, body = get(f"{url}readyz")
        assert status == 503
        assert json.loads(body)["failing"] == {"migrations": "1 not applied: run python manage.py migrate"}
        assert get(f"{url}healthz")[0] == 200
