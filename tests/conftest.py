"""Real parts for every test: a Mosquitto, a database that processes and threads share."""

import atexit
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from foundation.http import limits
from tests.tools import emptying, programs
from tests.tools.ports import free_port

programs.restrict()
pytest_plugins = ["tests.clients"]

LONG = (  # each of their tests, or some, take half a minute: begun last, such a one is waited for by all other workers
    "tests/faults",
    "tests/scale",
    "tests/end_to_end/test_mining.py",
    "tests/browser/test_demo.py",
    "tests/browser/test_rules.py",
    "tests/browser/test_still.py",
    "tests/browser/test_views.py",
    "tests/procmine/test_documents.py",
    "tests/procmine/serving/test_serve.py",
)


def pytest_xdist_setupnodes(specs: list[Any]) -> None:
    """Tests that run side by side (`pytest -n`): each worker has a state folder of its own.

    They share the installation that those of tests/installation.py are copies of.
    """
    template = tempfile.mkdtemp(prefix="procmine-template-")
    atexit.register(shutil.rmtree, template, ignore_errors=True)
    for place, spec in enumerate(specs):
        spec.env |= {"PROCMINE_VAR": str(settings.VAR / f"worker-{place}"), "TESTS_TEMPLATE": template}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL only what asks for the database; side by side, long tests first.

    Each worker begins with an equal part of the list, in its order, and later takes from the end of another's.
    """
    if connection.vendor == "postgresql":
        asking = [item for item in items if _asks_for_the_database(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(asking)])
        items[:] = asking
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.nodeid.partition("::")[0], []).append(item)
    long = [those for module, those in modules.items() if module.startswith(LONG)]
    others = iter([item for module, those in modules.items() if not module.startswith(LONG) for item in those])
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        first = [item for those in long[worker::workers] for item in those]
        room = (worker + 1) * len(items) // workers - worker * len(items) // workers
        ordered += [*first, *itertools.islice(others, max(0, room - len(first)))]
    items[:] = [*ordered, *others]


def _asks_for_the_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or "db" in fixtures or "transactional_db" in fixtures


def wait_for(condition: Callable[[], Any], timeout_s: float = 10.0, what: str = "the condition") -> Any:
    """What ``condition`` returns as soon as it is true; fails at the deadline. It looks less often with time."""
    began = time.monotonic()
    while not (value := condition()):
        waited = time.monotonic() - began
        if waited > timeout_s:
            pytest.fail(f"{what} did not come true within {timeout_s} s")
        time.sleep(min(max(0.02, waited / 10), 0.25))
    return value


def listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def needs(program: str) -> str:
    """Return the path of a program of tests/tools/programs.py. If it is missing, skip the test; in CI, fail."""
    try:
        return str(programs.find(program))
    except programs.MissingProgramError as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))


@contextmanager
def mosquitto(folder: Path) -> Iterator[str]:
    """URL of a real Mosquitto on a free loopback port, set up as docs/mosquitto.conf advises."""
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 2000\n"
    )
    process = subprocess.Popen([needs("mosquitto"), "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: listening(port), timeout_s=5, what="mosquitto")
        yield f"mqtt://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=5)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real Mosquitto for all tests: each takes topics of its own."""
    with mosquitto(tmp_path_factory.mktemp("broker")) as url:
        yield url


@pytest.fixture
def second_broker(tmp_path: Path) -> Iterator[str]:
    """Another one, for one test."""
    with mosquitto(tmp_path) as url:
        yield url


@contextmanager
def redis_server(folder: Path, port: int) -> Iterator[str]:
    """URL of a real Redis on a loopback port."""
    command = [needs("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: listening(port), timeout_s=5, what="redis")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=5)


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """URL of a real Redis on a free port, for one test."""
    with redis_server(tmp_path, free_port()) as url:
        yield url


@pytest.fixture(autouse=True)
def _full_buckets() -> None:
    """No test pays for what another asked for."""
    limits.own.forget()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Tables that are empty again in no time; at the end no thread of a test that is slow to end keeps the database
    of PostgreSQL from going."""
    with django_db_blocker.unblock():
        emptying.install()
    yield
    if connection.vendor == "postgresql":
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_terminate_backend(pid) {others}")
