"""Everything that is wrong with a configuration, collected so that one look shows it all."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple


class Place(NamedTuple):
    """Where in which file; ``path`` is the way of keys, entries of lists numbered from 1 as people count them."""

    file: str
    line: int | None = None
    path: str = ""

    @property
    def line_only(self) -> str:
        """``FILE:LINE``."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        return f"{self.line_only}: {self.path}" if self.path else self.line_only


class Problem(NamedTuple):
    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


@dataclass(slots=True)
class Problems:
    """Errors refuse the configuration, warnings only tell."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def error(self, place: Place, text: str) -> None:
        self.errors.append(Problem(place, text))

    def warn(self, place: Place, text: str) -> None:
        self.warnings.append(Problem(place, text))


def nearest(name: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` where one of the known names is close, else nothing."""
    names = sorted(known)
    by_folded = {candidate.casefold(): candidate for candidate in names}
    found = get_close_matches(name.casefold(), by_folded, n=1)
    return f" (did you mean '{by_folded[found[0]]}'?)" if found else ""


def listed(names: Iterable[str]) -> str:
    """Names for a message: ``a, b, c``."""
    return ", ".join(sorted(names))
