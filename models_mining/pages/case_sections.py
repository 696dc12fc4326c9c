"""Sections of the page of a case that belong to apps above: each registers its own when it is ready."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.utils.module_loading import import_string

from foundation.access import User
from streams.models import EventLog


class Section(NamedTuple):
    """A template, and what it shows as ``section``."""

    template: str
    section: Any


Make = Callable[[User, EventLog, str], Section]
"""Return the section of a case of a log, as a user may see it."""

_SECTIONS: list[str] = []


def register(path: str) -> None:
    """Let the page of a case show a section; ``path`` names a function `Make`: only pages import it."""
    if path not in _SECTIONS:
        _SECTIONS.append(path)


def of_case(user: User, log: EventLog, case: str) -> list[Section]:
    """Return all sections, in the order of their registration."""
    return [import_string(path)(user, log, case) for path in _SECTIONS]
