"""Sections of the page of a case that belong to apps above: each registers its own when it is ready."""

from collections.abc import Callable
from typing import Any, NamedTuple

from foundation.access import User
from foundation.registry import ExtensionPoint
from streams.models import EventLog


class Section(NamedTuple):
    """A template, and what it shows as ``section``."""

    template: str
    section: Any


Make = Callable[[User, EventLog, str], Section]
"""Return the section of a case of a log, as a user may see it."""

SECTIONS: ExtensionPoint[Make] = ExtensionPoint()


def of_case(user: User, log: EventLog, case: str) -> list[Section]:
    """Return all sections, in the order of their registration."""
    return [section(user, log, case) for section in SECTIONS.all()]
