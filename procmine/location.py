"""Where this procmine runs from: a checkout, or an installed wheel. Nothing of Django is imported here."""

from pathlib import Path

from platformdirs import user_data_path

_PACKAGE = Path(__file__).resolve().parent
_PACKAGED = _PACKAGE / "packaged"  # hatch_build.py puts it into the wheel

BASE_DIR = _PACKAGE.parent  # the folder of our packages: the checkout, or site-packages
INSTALLED = _PACKAGED.is_dir()
RESOURCES = _PACKAGED if INSTALLED else BASE_DIR  # the folder of templates/ and static/
SOURCE_ARCHIVE = _PACKAGED / "source.tar.gz"  # the sdist; only where installed
COMMAND = "procmine" if INSTALLED else "python manage.py"  # how users start a command, for messages
CHILD_ENVIRONMENT = {} if INSTALLED else {"PYTHONPATH": str(BASE_DIR)}  # lets child processes import our packages


def state_folder() -> Path:
    """Return where state is kept by default: ``var/`` of the checkout, or the user's data directory."""
    return user_data_path("procmine", appauthor=False) if INSTALLED else BASE_DIR / "var"
