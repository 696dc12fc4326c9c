"""The locked requirements: complete, with hashes, for all supported Pythons, and those that were asked for."""

import platform
import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.procmine.conftest import ROOT

FOLDER = ROOT / "requirements"
PYTHONS = ("3.11.0", "3.11.15", "3.12.0", "3.13.0")
INPUTS = {  # of each locked file
    "base": ["requirements.txt"],
    "image": ["requirements.txt"],
    "dev": ["requirements.txt", "requirements-dev.txt"],
    "pip": ["requirements/pip.in"],
    "tools": ["requirements/tools.in"],
    "build": [],  # of the build system in pyproject.toml
}


def entries(name: str) -> list[tuple[Requirement, list[str]]]:
    """Return the requirements of a locked file with the hashes of each."""
    text = re.sub(r"^ *#.*\n", "", (FOLDER / f"{name}.txt").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    found = [line.partition("--hash=") for line in lines]
    return [(Requirement(line), (sep + rest).split()) for line, sep, rest in found]


def asked(file: Path) -> list[Requirement]:
    """Return the requirements of an input."""
    lines = (line.partition(" #")[0].strip() for line in file.read_text().splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-r "))]


def extras(*names: str) -> list[Requirement]:
    optional = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    return [Requirement(text) for name in names for text in optional[name]]


def locked(name: str, python: str = platform.python_version()) -> dict[str, str]:
    """Return the version of each package on this platform, with another Python; refuse two versions of one package."""
    short = ".".join(python.split(".")[:2])
    environment = {**default_environment(), "python_version": short, "python_full_version": python}
    found: dict[str, str] = {}
    for requirement, _ in entries(name):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            assert canonicalize_name(requirement.name) not in found, requirement
            [pin] = requirement.specifier
            found[canonicalize_name(requirement.name)] = pin.version
    return found


def test_every_locked_file_has_its_inputs() -> None:
    assert {file.stem for file in FOLDER.glob("*.txt")} == set(INPUTS)


@pytest.mark.parametrize("name", INPUTS)
def test_everything_is_pinned_with_hashes(name: str) -> None:
    found = entries(name)
    assert found
    for requirement, hashes in found:
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert requirement.url is None
        assert hashes, requirement
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", text) for text in hashes), requirement


@pytest.mark.parametrize("name", INPUTS)
def test_no_locked_file_holds_an_address_or_an_option(name: str) -> None:
    text = (FOLDER / f"{name}.txt").read_text()
    assert not re.search(r"://|file:|^-", text, re.MULTILINE)
    assert set(re.findall(r"--(\w+)", text)) == {"hash"}


def test_the_files_of_all_platforms_are_locked() -> None:
    """A package that is compiled has a wheel for each Python and platform: dozens, not the one of this machine."""
    hashes = {requirement.name: len(found) for requirement, found in entries("dev")}
    for name in ("numpy", "pandas", "lxml", "orjson", "psycopg-binary", "confluent-kafka"):
        assert hashes[name] > 20, name


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", INPUTS)
def test_what_is_asked_for_is_locked_in_the_same_version(name: str, python: str) -> None:
    wanted = [requirement for file in INPUTS[name] for requirement in asked(ROOT / file)]
    if name == "build":
        build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]
        wanted = [Requirement(text) for text in build["requires"]]
    wanted += extras(*{"image": ["kafka"], "dev": ["kafka", "dask"]}.get(name, []))
    held = locked(name, python)
    for requirement in wanted:
        assert requirement.specifier.contains(held[canonicalize_name(requirement.name)]), requirement
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement


def test_the_build_system_is_locked_too() -> None:
    """`make release` builds without asking an index for it."""
    tools = locked("tools")
    for text in tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]:
        requirement = Requirement(text)
        assert str(requirement.specifier) == f"=={tools[canonicalize_name(requirement.name)]}"


@pytest.mark.parametrize("python", PYTHONS)
def test_the_image_and_the_tests_have_the_versions_of_the_base(python: str) -> None:
    base, image, dev = (locked(name, python) for name in ("base", "image", "dev"))
    assert base.items() < image.items() < dev.items()


def test_what_is_tested_is_what_is_locked() -> None:
    """The environment of this run has exactly the locked versions."""
    found = {name: _installed(name) for name in locked("dev")}
    assert found == locked("dev"), "run `make .venv/dev`"


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def test_every_package_that_the_customer_named_is_asked_for() -> None:
    named = {"django", "djangorestframework", "channels", "channels-redis", "daphne", "paho-mqtt", "pm4py", "pyyaml"}
    assert named <= {requirement.name for requirement in asked(ROOT / "requirements.txt")}
    assert "pytest-django" in {requirement.name for requirement in asked(ROOT / "requirements-dev.txt")}
