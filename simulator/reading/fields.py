"""Typed reading of a mapping: every wrong, missing or unknown field becomes a problem with its place.

A reader goes on after a problem: what it gets instead is a stand-in that causes no further problems (NaN is
neither too small nor too large). A configuration with problems is thrown away as a whole.
"""

import re
from collections.abc import Iterable, Mapping
from math import isfinite, nan
from typing import Final, NamedTuple

import yaml

from simulator.reading.documents import line_of
from simulator.reading.problems import Place, Problems, listed, nearest

JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TAG = "tag:yaml.org,2002:"
_SCALARS = yaml.constructor.SafeConstructor()
_TYPES = {"bool": "true or false", "int": "number", "float": "number", "null": "nothing", "timestamp": "date"}


class _Required:
    """Marks a field that has no default."""


REQUIRED: Final = _Required()
MAX_WHOLE = 10**18  # more than any machine counts to


class Entry(NamedTuple):
    """One value and where it stands."""

    node: yaml.Node
    place: Place


def shown(node: yaml.Node) -> str:
    """A value for a message: itself and its type, shortened."""
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return f"a list of {len(node.value)}"
    kind = _TYPES.get(node.tag.removeprefix(_TAG), "text")
    if kind == "nothing":
        return kind
    value = node.value if len(node.value) <= 60 else node.value[:57] + "…"
    return f"{value!r} (text)" if kind == "text" else f"{value} ({kind})"


def plain(name: str) -> str:
    """A type name as it is compared: without case, ``-`` and ``_``."""
    return name.casefold().replace("-", "").replace("_", "")


class Fields:
    """One mapping of a file. A field may have several spellings; what nobody asks for is unknown."""

    def __init__(self, node: yaml.MappingNode, place: Place, problems: Problems) -> None:
        self.place = place
        self.problems = problems
        self._entries = self._flatten(node)
        self._asked: set[str] = set()
        self._children: list[Fields] = []

    def _flatten(self, node: yaml.MappingNode) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        for key_node, value in node.value:
            if key_node.tag == _TAG + "merge":
                sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for source in sources:
                    if isinstance(source, yaml.MappingNode):
                        merged = self._flatten(source) | merged
                    else:
                        place = Place(self.place.file, line_of(source), f"{self.place.path}.<<".removeprefix("."))
                        self._wrong(Entry(source, place), "a mapping to merge, or a list of them")
                continue
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
            path = f"{self.place.path}.{key}" if self.place.path else key
            place = Place(self.place.file, line_of(value), path)
            if key in entries:
                self.problems.warn(place, "is given twice, the last one counts")
            entries[key] = Entry(value, place)
        return merged | entries

    def entry(self, *names: str) -> Entry | None:
        """The value under the first of these spellings that is there."""
        self._asked.update(names)
        return next((self._entries[name] for name in names if name in self._entries), None)

    @property
    def names(self) -> list[str]:
        """All keys that are there."""
        return list(self._entries)

    def ignore(self, *names: str) -> None:
        """These are known, but mean nothing here."""
        self._asked.update(names)

    def error(self, name: str, text: str) -> None:
        """A problem with one field, or with the mapping where the field is not there."""
        entry = self._entries.get(name)
        self.problems.error(entry.place if entry else self.place, text)

    def _missing(self, name: str, expected: str) -> None:
        path = f"{self.place.path}.{name}" if self.place.path else name
        self.problems.error(self.place._replace(path=path), f"is missing, expected {expected}")

    def _wrong(self, entry: Entry, expected: str) -> None:
        self.problems.error(entry.place, f"has a wrong value, got {shown(entry.node)}, expected {expected}")

    def text(self, *names: str, default: str | _Required = REQUIRED, expected: str = "text") -> str:
        """A text; a number, date or ``yes`` without quotes is none."""
        entry = self.entry(*names)
        if entry is None:
            if isinstance(default, str):
                return default
            self._missing(names[0], expected)
            return ""
        return self._text_of(entry, expected) or ""

    def _text_of(self, entry: Entry, expected: str) -> str | None:
        node = entry.node
        if not isinstance(node, yaml.ScalarNode):
            self._wrong(entry, expected)
            return None
        if node.tag != _TAG + "str":
            self._wrong(entry, f"{expected}: put it in quotes" if node.value else expected)
            return None
        try:
            node.value.encode()
        except UnicodeEncodeError:
            self.problems.error(entry.place, "holds half a character (a lone surrogate), expected text")
            return None
        return str(node.value)

    def number(
        self,
        *names: str,
        default: float | _Required = REQUIRED,
        minimum: float | None = None,
        above: float | None = None,
    ) -> float:
        """A finite number; NaN stands in for a wrong one."""
        expected = "a number" + _range(minimum, above)
        entry = self.entry(*names)
        if entry is None:
            if not isinstance(default, _Required):
                return default
            self._missing(names[0], expected)
            return nan
        return self._number_of(entry, expected, minimum, above)

    def _number_of(
        self, entry: Entry, expected: str, minimum: float | None, above: float | None, text_too: bool = False
    ) -> float:
        value = number_in(entry.node, text_too=text_too)
        too_low = value is not None and (
            (minimum is not None and value < minimum) or (above is not None and value <= above)
        )
        if value is None or too_low:
            self._wrong(entry, expected)
            return nan
        return value

    def whole(self, *names: str, default: int | _Required = REQUIRED, minimum: int = 0) -> int:
        """A whole number from ``minimum`` on; ``minimum`` stands in for a wrong one."""
        expected = "a whole number" + _range(minimum, None)
        entry = self.entry(*names)
        if entry is None:
            if isinstance(default, int):
                return default
            self._missing(names[0], expected)
            return minimum
        value = self._number_of(entry, expected, minimum, None)
        if value != value:  # reported already
            return minimum
        if not value.is_integer() or value > MAX_WHOLE:
            self._wrong(entry, expected if value <= MAX_WHOLE else f"{expected} to {MAX_WHOLE:.0e}")
            return minimum
        return int(value)

    def choice(
        self,
        *names: str,
        known: Mapping[str, str] | Iterable[str],
        default: str | _Required = REQUIRED,
        suffix: str = "",
    ) -> str | None:
        """One of the ``known`` names (a mapping: spelling → name), compared as ``plain`` does.

        ``suffix`` may follow a spelling. None: missing or unknown, and reported.
        """
        spellings = known if isinstance(known, Mapping) else {name: name for name in known}
        by_plain = {plain(spelling): name for spelling, name in spellings.items()}
        names_offered = set(spellings.values())
        expected = f"one of {listed(names_offered)}"
        entry = self.entry(*names)
        if entry is None:
            if isinstance(default, str):
                return default
            self._missing(names[0], expected)
            return None
        value = self._text_of(entry, expected)
        if value is None:
            return None
        found = by_plain.get(plain(value)) or by_plain.get(plain(value).removesuffix(plain(suffix)))
        if found is None:
            guess = nearest(value, names_offered)
            self.problems.error(entry.place, f"is unknown, got {value!r}, expected {expected}{guess}")
        return found

    def section(self, name: str) -> "Fields | None":
        """The mapping under ``name``."""
        entry = self.entry(name)
        if entry is None:
            self._missing(name, "a mapping")
            return None
        return self.section_of(entry)

    def section_of(self, entry: Entry) -> "Fields | None":
        """The mapping that an entry is."""
        if not isinstance(entry.node, yaml.MappingNode):
            self._wrong(entry, "a mapping")
            return None
        child = Fields(entry.node, entry.place, self.problems)
        self._children.append(child)
        return child

    def items(self, name: str, expected: str) -> list[Entry] | None:
        """The entries of the list under ``name``; None: missing or no list, and reported."""
        entry = self.entry(name)
        if entry is None:
            self._missing(name, expected)
            return None
        if not isinstance(entry.node, yaml.SequenceNode):
            self._wrong(entry, expected)
            return None
        return [
            Entry(node, Place(entry.place.file, line_of(node), f"{entry.place.path}[{number}]"))
            for number, node in enumerate(entry.node.value, start=1)
        ]

    def texts(self, name: str) -> list[tuple[str, Place]]:
        """The texts of a list; wrong ones are left out."""
        entries = self.items(name, "a list of texts") or []
        read = ((self._text_of(entry, "text"), entry.place) for entry in entries)
        return [(value, place) for value, place in read if value is not None]

    def numbers(self, name: str, expected: str) -> list[float] | None:
        """The numbers ≥ 0 of a list, also those written as text; None: a problem, and reported."""
        entries = self.items(name, expected)
        if entries is None:
            return None
        values = [self._number_of(entry, "a number from 0 on", 0, None, text_too=True) for entry in entries]
        return None if any(value != value for value in values) else values

    def finish(self) -> None:
        """Warn about every key that nobody asked for, here and below."""
        for name, entry in self._entries.items():
            if name not in self._asked:
                self.problems.warn(entry.place, f"is unknown and ignored{nearest(name, self._asked)}")
        for child in self._children:
            child.finish()


def number_in(node: yaml.Node, *, text_too: bool = False) -> float | None:
    """The finite number that a value is; with ``text_too`` also one written as text (``"0.7"``)."""
    if not isinstance(node, yaml.ScalarNode):
        return None
    tag = node.tag.removeprefix(_TAG)
    try:
        if tag in ("int", "float"):
            value = float(_SCALARS.construct_object(node))
        elif tag == "str" and (text_too or not node.style) and JSON_NUMBER.fullmatch(node.value.strip()):
            value = float(node.value)  # also 1e3, a number in JSON and a text in YAML 1.1
        else:
            return None
    except (ValueError, OverflowError, yaml.YAMLError):
        return None
    return value if isfinite(value) else None


def _range(minimum: float | None, above: float | None) -> str:
    if minimum is not None:
        return f" from {minimum:g} on"
    return f" above {above:g}" if above is not None else ""
