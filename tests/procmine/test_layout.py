"""The packages are as the documentation lists them, small enough to overlook; their tests are found by their names."""

import tomllib

import pytest

from procmine.source_files import APPS, TOP_LEVEL
from tools.layout import DOCUMENT, LISTED, ROOT, modules, packages, written

MOST = 15  # modules of a package, without the packages in it
TESTS = ROOT / "tests"
TOPICS = {"abuse", "access", "api", "browser", "end_to_end", "faults", "scale", "tools"}  # span apps
HELPERS = {"models_mining/core/discovery/example_algorithm"}  # hold no tests


def test_the_documentation_lists_the_packages_there_are() -> None:
    document = DOCUMENT.read_text()
    assert written(document) == document, "run `python -m tools.layout`"


@pytest.mark.parametrize("app", LISTED)
def test_no_package_holds_more_modules_than_one_can_overlook(app: str) -> None:
    for package in [ROOT / app, *packages(ROOT / app)]:
        files = [name for name in modules(package) if not name.endswith("/")]
        assert len(files) <= MOST, package.relative_to(ROOT)


def test_tests_lie_in_folders_named_like_the_packages_they_test() -> None:
    assert not list(TESTS.glob("test_*.py"))
    for file in TESTS.rglob("*.py"):
        folder = file.parent.relative_to(TESTS)
        if folder.parts and folder.parts[0] not in TOPICS and str(folder) not in HELPERS:
            assert (ROOT / folder / "__init__.py").exists(), f"{file}: there is no package {folder}"


def test_every_list_of_apps_names_all_of_them() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert tool["importlinter"]["root_packages"] == list(APPS)
    assert tool["mypy"]["packages"] == [*APPS, "tools"]
    folders = {file.parent.name for file in ROOT.glob("*/__init__.py")}
    assert folders - {"tests", "tools"} == set(APPS)
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert sent == set(TOP_LEVEL)
