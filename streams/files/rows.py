"""What a log file holds: events, and rows that are none."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from foundation.errors import DomainError
from streams.parsing.moments import parse_moment


class FileError(DomainError):
    """A file that cannot be read as an event log; the message names file and line and says what to do."""

    code, status, text = "file-unreadable", 400, "{place}: {problem}"

    def __init__(self, path: Path | str, line: int | None, problem: str) -> None:
        name = path if isinstance(path, str) else path.name
        super().__init__(field="file", place=f"{name}, line {line}" if line else name, problem=problem)


@dataclass(slots=True)
class FileEvent:
    """An event of a log file; ``trace`` are the attributes of its case. ``at`` is None where the file tells no time.

    The events of one XES trace share one ``trace``.
    """

    case: str
    activity: str
    at: datetime | None
    attributes: dict[str, Any]
    trace: dict[str, Any]
    line: int


@dataclass(slots=True)
class BadRow:
    """A row that is no event: a machine's ``reason``, a sentence of ``detail``, and the row as ``text``."""

    line: int
    reason: str
    detail: str
    text: str


Row = FileEvent | BadRow


@dataclass(frozen=True, slots=True)
class Columns:
    """Which CSV columns hold what; None: found by their usual names."""

    case: str | None = None
    activity: str | None = None
    timestamp: str | None = None


def moment(value: Any) -> datetime | None:
    """The moment of a row; None where it tells none. Raises MomentError."""
    return None if value is None or value == "" else parse_moment(value)
