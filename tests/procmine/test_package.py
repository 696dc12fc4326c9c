"""The sdist and the wheel: what is in them, and an installed procmine that runs without a checkout."""

import http.cookiejar
import importlib.metadata
import json
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tomllib
import urllib.request
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from procmine import __version__
from procmine.__main__ import GROUPS, INTERNAL
from procmine.source_files import APPS, source_files
from tests.conftest import needs, wait_for
from tests.procmine.conftest import ROOT, Running, processes

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOG = "case,activity,time\n1,Order,2026-01-01T08:00:00Z\n1,Pay,2026-01-01T09:00:00Z\n2,Order,2026-01-01T10:00:00Z\n"


NAME = f"procmine-{__version__}"
PRIVATE = ("docs/private.md", "streams/private_settings.py", "static/private.js")


def build(source: Path, target: Path) -> tuple[Path, Path]:
    """The sdist and the wheel of ``source``, each built from it."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--sdist", "--wheel", f"--outdir={target}", source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return target / f"{NAME}.tar.gz", target / f"{NAME}-py3-none-any.whl"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist and the wheel of a checkout like this one, in which private files lie too."""
    checkout = tmp_path_factory.mktemp("checkout")
    for name in tracked():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, checkout / name)
    for arguments in (["init"], ["add", "--all"]):
        subprocess.run([needs("git"), *arguments], cwd=checkout, check=True, capture_output=True)
    for name in PRIVATE:
        (checkout / name).touch()
    return build(checkout, tmp_path_factory.mktemp("dist"))


def tracked() -> set[str]:
    return {file.relative_to(ROOT).as_posix() for file in source_files(ROOT)}


def environment(home: Path, **more: str) -> dict[str, str]:
    """An environment as of a user with that home who has set nothing."""
    return {"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1", **more}


def test_the_sdist_holds_the_source(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[0]) as tar:
        assert {name.removeprefix(f"{NAME}/") for name in tar.getnames()} == tracked() | {"PKG-INFO"}


def test_the_wheel_holds_our_packages_and_what_they_read(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[1]) as wheel:
        names = set(wheel.namelist())
        assert wheel.read("procmine/packaged/source.tar.gz") == built[0].read_bytes()
    of_packages = {name for name in tracked() if name.split("/")[0] in APPS}
    beside = {f"procmine/packaged/{name}" for name in tracked() if name.split("/")[0] in {"templates", "static"}}
    about = {name for name in names if name.startswith(f"{NAME}.dist-info/")}
    assert names - about == of_packages | beside | {"procmine/packaged/source.tar.gz"}
    assert {"simulator/examples/factory/sink.yaml", "streams/migrations/0001_initial.py"} <= names
    assert f"{NAME}.dist-info/licenses/LICENSE" in about


def test_the_sdist_builds_the_same_again(built: tuple[Path, Path], tmp_path: Path) -> None:
    with tarfile.open(built[0]) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.2 has none
        tar.extractall(tmp_path)  # noqa: S202  our own
    again = build(tmp_path / NAME, tmp_path / "dist")
    assert [file.read_bytes() for file in again] == [file.read_bytes() for file in built]


def test_the_metadata_are_those_of_the_checkout(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[1]) as wheel:
        about = f"{NAME}.dist-info"
        metadata = Parser().parsestr(wheel.read(f"{about}/METADATA").decode())
        assert "procmine = procmine.__main__:main" in wheel.read(f"{about}/entry_points.txt").decode()
    assert (metadata["Version"], metadata["License-Expression"]) == (__version__, "AGPL-3.0-or-later")
    required = [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]
    base = {f"{canonicalize_name(one.name)}{one.specifier}" for one in required if one.marker is None}
    lines = [line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines()]
    asked = [Requirement(line) for line in lines if line]
    assert base == {f"{canonicalize_name(one.name)}{one.specifier}" for one in asked}
    assert set(metadata.get_all("Provides-Extra", [])) == {"dask", "kafka"}


def test_the_tools_that_build_here_are_those_that_are_asked_for() -> None:
    for requirement in map(Requirement, PROJECT["build-system"]["requires"]):
        assert requirement.specifier.contains(importlib.metadata.version(requirement.name)), requirement


def test_the_wheel_runs_without_a_checkout(built: tuple[Path, Path], tmp_path: Path) -> None:
    """Here with the dependencies of the tests; the long test below has an environment of its own."""
    with zipfile.ZipFile(built[1]) as wheel:
        for name in wheel.namelist():
            wheel.extract(name, tmp_path / "packages")
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir(mode=0o555)
    env = environment(tmp_path / "home", PYTHONPATH=str(tmp_path / "packages"), XDG_DATA_HOME=str(tmp_path / "a b%20"))

    def procmine(*arguments: str) -> str:
        command = [sys.executable, "-P", "-m", "procmine", *arguments]
        return subprocess.run(command, cwd=nowhere, env=env, check=True, capture_output=True, text=True).stdout

    assert procmine("--version") == f"procmine {__version__}\n"
    assert procmine("help").startswith("Usage: procmine COMMAND")
    assert "no errors" in procmine("simulate", "factory", "--check")
    procmine("migrate", "-v0")
    state = tmp_path / "a b%20" / "procmine"
    assert {"procmine.sqlite3", "secret_key"} <= {file.name for file in state.iterdir()}
    program = "from procmine.site.archive import source_archive; import sys; sys.stdout.write(source_archive().hex())"
    assert bytes.fromhex(procmine("shell", "-v0", "-c", program)) == built[0].read_bytes()
    assert list(nowhere.iterdir()) == []


def test_help_lists_every_command_once() -> None:
    listed = [name for group in GROUPS.values() for name in group]
    assert len(listed) == len(set(listed))
    commands = get_commands()
    assert set(listed) <= set(commands)
    assert {name for name, app in commands.items() if app in APPS} <= {*listed, *INTERNAL}


def test_a_start_that_cannot_be_says_why_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for variable, value in (("PROCMINE_VAR", str(tmp_path / "file" / "var")), ("PROCMINE_LEASE_S", "long")):
        env = environment(tmp_path, PROCMINE_VAR=str(tmp_path / "var")) | {variable: value}
        command = [sys.executable, "manage.py", "migrate"]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert variable in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_the_citation_names_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert (citation["version"], citation["license"]) == (__version__, PROJECT["project"]["license"])


# --- In an environment of its own -------------------------------------------------------


@pytest.fixture
def installed(built: tuple[Path, Path], tmp_path: Path) -> Path:
    """The programs of an environment into which nothing but the wheel was installed."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    programs = tmp_path / "env" / "bin"
    subprocess.run([programs / "python", "-m", "pip", "install", "-qq", built[1]], check=True)
    return programs


@pytest.mark.long
def test_an_installed_procmine_serves_from_an_empty_folder(
    built: tuple[Path, Path], installed: Path, tmp_path: Path
) -> None:
    home, nowhere = tmp_path / "home", tmp_path / "nowhere"
    home.mkdir()
    nowhere.mkdir(mode=0o555)
    env = environment(home, PROCMINE_BROKER_PORT="0")

    def procmine(*arguments: str) -> str:
        command = [installed / "procmine", *arguments]
        return subprocess.run(command, cwd=nowhere, env=env, check=True, capture_output=True, text=True).stdout

    process = subprocess.Popen(
        [installed / "procmine", "serve", "--demo", "--port", "0"],
        cwd=nowhere,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    served = Running(process)
    try:
        assert served.said("state is in").endswith(str(home / ".local" / "share" / "procmine"))
        link = served.said("sign in, once", 120).split()[-1]
        url = link.partition("demo/")[0]
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        with browser.open(link) as page:  # leads to the map
            assert page.url == f"{url}logs/factory/"
            scripts = re.findall(r'<script type="module" src="/(static/[^"]+)"', page.read().decode())
        assert scripts
        with browser.open(url + scripts[0]) as script:
            assert script.status == 200

        (tmp_path / "log.csv").write_text(LOG)
        procmine("importlog", str(tmp_path / "log.csv"), "--log", "own")
        scopes = [f"--scope={name}" for name in ("read", "ingest", "control")]
        token = procmine("createtoken", "demo", *scopes).split()[-1]

        def asked(path: str, **body: object) -> Any:
            request = urllib.request.Request(  # noqa: S310
                f"{url}api/v1/{path}",
                data=json.dumps(body).encode() if body else None,
                headers={"Authorization": f"Token {token}", "Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                return json.load(answer)

        assert [event["case"] for event in asked("logs/own/events/")["results"]] == ["1", "1", "2"]
        example = installed.parent.glob("lib/*/site-packages/simulator/examples/orders/orders.yaml")
        run = asked("simulations/", log="own", config=next(example).read_text(), count=10, rate=1000)
        ended = ("finished", "failed")
        wait_for(lambda: asked(f"simulations/{run['id']}/")["state"] in ended, 30, "the end of the simulation")
        assert asked(f"simulations/{run['id']}/")["state"] == "finished"
        with browser.open(f"{url}source/") as answer:
            assert answer.read() == built[0].read_bytes()
    finally:
        process.send_signal(signal.SIGTERM)
        assert served.ends(60) == 0
    assert not processes(home)
    assert list(nowhere.iterdir()) == []
