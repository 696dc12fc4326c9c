"""An algorithm of another installed package is one like ours: API, picture, page, audit."""

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path

import pytest

from models_mining.core.discovery import ALGORITHMS, installed
from tests.conftest import wait_for
from tests.installation import ROOT, Installation

EXAMPLE = Path(__file__).parent / "example_algorithm"
BROKEN = """
from models_mining.core.discovery import miner

@miner(name="half", source="none", cost="slow", needs="counts", exact=False)
def mine(log, cases="all"):
    "Registered before the module fails."

raise RuntimeError("no licence")
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example installed by pip, as by a user."""
    folder = tmp_path_factory.mktemp("packages")
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(EXAMPLE)], check=True, capture_output=True)
    return folder


@pytest.fixture
def installation(tmp_path: Path, packages: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "var") as made:
        made.env["PYTHONPATH"] = str(packages)
        for role in ("web", "mine", "work"):
            made.start(role)
        yield made


def page(made: Installation, path: str) -> str:
    address = f"http://127.0.0.1:{made.port}{path}"
    request = urllib.request.Request(address, headers={"Cookie": f"procmine_session={made.session}"})
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return str(answer.read().decode())


def test_an_installed_algorithm_is_offered_mined_shown_and_audited(installation: Installation) -> None:
    api = installation.api
    [rework] = [one for one in api("GET", "algorithms/")["results"] if one["name"] == "rework"]
    assert (rework["package"], rework["summary"]) == ("procmine-rework 1.2.0", "Activities that a case does again.")
    assert "cases that have the activity more than ``times`` times" in " ".join(rework["description"].split())

    api("POST", "logs/", {"slug": "orders", "name": "Orders"})
    events = [{"case": case, "activity": name} for case, name in ("aA", "aB", "aA", "bA", "bB", "bB", "bA", "cA")]
    assert api("POST", "logs/orders/events/", events)["stored"] == len(events)
    model = api("POST", "models/", {"log": "orders", "algorithm": "rework"})["id"]

    def picture() -> dict[str, int]:
        shown = api("GET", f"models/{model}/picture/")
        return {node["label"]: node["n"] for node in shown["nodes"]} if shown.get("seq") == len(events) else {}

    assert wait_for(picture, 60, "the picture of all events") == {"A": 2, "B": 1}
    assert "rework" in page(installation, f"/logs/orders/?model={model}")
    audited = installation.manage("audit", "orders", "--algorithm", "rework")
    assert re.search(r"1 logs?, 8 events, \d+ models: equal$", audited.strip())


def test_an_algorithm_that_cannot_be_loaded_is_reported_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken_algorithm.py").write_text(BROKEN)
    information = tmp_path / "broken-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[{installed.GROUP}]\nhalf = broken_algorithm\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(installed, "FAILED", {})
    known = dict(ALGORITHMS)
    entries: list[EntryPoint] = list(Distribution.at(information).entry_points)
    installed.load(entries)
    assert known == ALGORITHMS
    assert "no licence" in caplog.text

    env = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "manage.py", "check"]
    checked = subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, text=True).stderr
    assert "The algorithms of broken 1.0: half cannot be loaded: RuntimeError: no licence" in checked


def test_the_documented_example_is_the_tested_one() -> None:
    document = (ROOT / "docs" / "algorithms" / "own.md").read_text()
    assert (EXAMPLE / "procmine_rework.py").read_text() in document
    assert (EXAMPLE / "pyproject.toml").read_text() in document
