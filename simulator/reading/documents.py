"""Paths → files → YAML documents as node trees that know their lines. Nothing of a document is believed yet."""

import re
from pathlib import Path
from typing import NamedTuple, TypeGuard

import yaml

from simulator.reading.problems import Place, Problems

SUFFIXES = {".yaml", ".yml", ".json"}
MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 40  # levels of nesting, aliases followed; a configuration needs 6
MAX_VALUES = 200_000  # values of one document, aliases followed: a "YAML bomb" has billions

ESCAPE = re.compile(r"\\(?:u(?P<high>d[89ab][0-9a-f]{2})\\u(?P<low>d[c-f][0-9a-f]{2})|.)", re.IGNORECASE)

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

SHAPE = "expected a mapping with kind, name, spec"
STANDARD_TAGS = {
    f"tag:yaml.org,2002:{name}"
    for name in ("null", "bool", "int", "float", "timestamp", "str", "seq", "map", "merge", "value")
}


class Document(NamedTuple):
    """One document of a file: its root, a mapping."""

    file: str
    root: yaml.MappingNode


def find_files(paths: list[Path], problems: Problems) -> list[Path]:
    """The files of ``paths``: a file itself, of a directory its visible configuration files in name order.

    Directories are not descended into. A file that is named twice is read once.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        try:
            files = _files_of(path)
        except OSError as error:
            problems.error(Place(str(path)), f"cannot be read: {error.strerror or error}")
            continue
        if not files:
            problems.error(Place(str(path)), f"no configuration found, expected files {', '.join(sorted(SUFFIXES))}")
        for file in files:
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _files_of(path: Path) -> list[Path]:
    if not path.is_dir():
        path.stat()  # raises where there is nothing
        return [path]
    return sorted(
        entry
        for entry in path.iterdir()
        if entry.suffix in SUFFIXES and not entry.name.startswith(".") and entry.is_file()
    )


def read_documents(file: Path, problems: Problems) -> list[Document]:
    """The documents of one file that are mappings; everything else is reported."""
    text = _text_of(file, Place(str(file)), problems)
    return [] if text is None else documents_in(text, str(file), problems)


def documents_in(text: str, label: str, problems: Problems) -> list[Document]:
    """The documents of a YAML text that are mappings; ``label`` stands where a problem names its file."""
    place = Place(label)
    try:
        deep_line = _line_too_deep(text)
        if deep_line is not None:
            problems.error(place._replace(line=deep_line), f"is nested deeper than {MAX_DEPTH} levels")
            return []
        roots = [root for root in yaml.compose_all(text, Loader=Loader) if root is not None and not _is_null(root)]
    except yaml.YAMLError as error:
        problems.error(*_not_yaml(place, error))
        return []
    if not roots:
        problems.error(place, f"is empty, {SHAPE}")
    return [Document(label, root) for root in roots if _is_sound(root, place, problems)]


def _text_of(file: Path, place: Place, problems: Problems) -> str | None:
    try:
        with file.open("rb") as handle:
            data = handle.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        problems.error(place, f"cannot be read: {error.strerror or error}")
        return None
    if len(data) > MAX_FILE_BYTES:
        problems.error(place, f"is larger than {MAX_FILE_BYTES // 2**20} MiB")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.error(place._replace(line=line), "is not UTF-8 text")
        return None
    return _json_as_yaml(text) if file.suffix == ".json" else text


def _json_as_yaml(text: str) -> str:
    """Mend the two places where JSON is no YAML 1.1; lines stay where they are.

    JSON may be indented with tabs (and a JSON string holds no raw one), and it may write a character beyond the
    first 65,536 as two escapes.
    """

    def one_character(match: re.Match[str]) -> str:
        if match["high"] is None:
            return match[0]
        return chr(0x10000 + ((int(match["high"], 16) & 0x3FF) << 10) + (int(match["low"], 16) & 0x3FF))

    return ESCAPE.sub(one_character, text.replace("\t", " "))


def _not_yaml(place: Place, error: yaml.YAMLError) -> tuple[Place, str]:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        context = f" {error.context}" if error.context else ""
        return (
            place._replace(line=mark.line + 1),
            f"is not YAML: line {mark.line + 1}, column {mark.column + 1}: {error.problem}{context}",
        )
    return place, f"is not YAML: {' '.join(str(error).split())}"


def _line_too_deep(text: str) -> int | None:
    """The line that nests too deep. Events come one by one, so no depth overflows the stack here."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                return line_of(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


def line_of(thing: yaml.Node | yaml.Event) -> int:
    """The line where a value begins, from 1."""
    return 1 if thing.start_mark is None else thing.start_mark.line + 1


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _is_sound(root: yaml.Node, place: Place, problems: Problems) -> TypeGuard[yaml.MappingNode]:
    place = place._replace(line=line_of(root))
    if not isinstance(root, yaml.MappingNode):
        problems.error(place, f"holds {'a list' if isinstance(root, yaml.SequenceNode) else 'a text'}, {SHAPE}")
        return False
    try:
        _Measure().of(root)
    except _UnsoundError as error:
        problems.error(place._replace(line=error.line), str(error))
        return False
    return True


class _UnsoundError(Exception):
    def __init__(self, node: yaml.Node, text: str) -> None:
        super().__init__(text)
        self.line = line_of(node)


class _Measure:
    """Size and depth of a document with its aliases followed, found without following them twice."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def of(self, node: yaml.Node) -> tuple[int, int]:
        """Values and levels of ``node``; raises _UnsoundError where it is not to be followed."""
        if node.tag not in STANDARD_TAGS:
            raise _UnsoundError(node, f"the tag {node.tag} is not allowed")
        if isinstance(node, yaml.ScalarNode):
            return 1, 0
        key = id(node)
        if key in self._open:
            raise _UnsoundError(node, "an alias refers to a value it is part of")
        if key not in self._known:
            self._open.add(key)
            measures = [self.of(child) for child in _children(node)]
            self._open.discard(key)
            values = 1 + sum(values for values, _ in measures)
            depth = 1 + max((depth for _, depth in measures), default=0)
            if values > MAX_VALUES or depth > MAX_DEPTH:
                raise _UnsoundError(node, f"its aliases expand to more than {MAX_VALUES} values or {MAX_DEPTH} levels")
            self._known[key] = values, depth
        return self._known[key]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value)
