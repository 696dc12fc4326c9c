"""The packages are as the documentation lists them, small enough to overlook, and say what they are for."""

import pytest

from tools.layout import APPS, DOCUMENT, ROOT, modules, packages, written

MOST = 15  # modules of a package, without the packages in it


def test_the_documentation_lists_the_packages_there_are() -> None:
    document = DOCUMENT.read_text()
    assert written(document) == document, "run `python -m tools.layout`"


@pytest.mark.parametrize("app", APPS)
def test_no_package_holds_more_modules_than_one_can_overlook(app: str) -> None:
    for package in [ROOT / app, *packages(ROOT / app)]:
        files = [name for name in modules(package) if not name.endswith("/")]
        assert len(files) <= MOST, package.relative_to(ROOT)
