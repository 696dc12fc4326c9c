"""A log file: XES or CSV, plain or gzipped. One event at a time, so memory does not grow with the file."""

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from streams.files.columns import Utf8Reader, read_csv
from streams.files.rows import BadRow, Columns, FileError, FileEvent, Row
from streams.files.xes import XesReader, XmlReader

_CHUNK = 1 << 18


class LogFile:
    """A file that holds an event log. ``name`` tells what it is, where that is not the file's own name."""

    def __init__(self, path: Path, columns: Columns | None = None, name: str | None = None) -> None:
        self.path = path
        self.columns = columns or Columns()
        self.name = name or path.name
        self.fraction = 0.0  # of the file that `rows` has read, 0 to 1
        self.checked: Callable[[float], None] = lambda _: None  # called with what `digest` has read, 0 to 1
        plain = self.name.lower()
        self._zipped = plain.endswith(".gz")
        self.kind = Path(plain.removesuffix(".gz")).suffix.removeprefix(".")
        if self.kind not in ("xes", "csv"):
            raise FileError(self.name, None, "expected .xes, .csv, or one of them with .gz.")

    def rows(self) -> Iterator[Row]:
        """The events and bad rows in the order of the file; raises FileError."""
        with self._open() as (file, raw):
            size = max(self.path.stat().st_size, 1)
            rows = XesReader(self.name).read(file) if self.kind == "xes" else read_csv(self.name, file, self.columns)
            for number, row in enumerate(rows):
                if number % 1000 == 0:
                    self.fraction = raw.tell() / size
                yield row
            self.fraction = 1.0

    def digest(self) -> str:
        """Names the unpacked content and how it is read. Raises FileError for what breaks off or is no XML or UTF-8.

        So a damaged file is refused before anything of it is stored.
        """
        digest = hashlib.blake2b(repr((self.kind, self.columns)).encode(), digest_size=32)
        checked = XmlReader(self.name) if self.kind == "xes" else Utf8Reader(self.name)
        with self._open() as (file, raw):
            size = max(self.path.stat().st_size, 1)
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                checked.feed(chunk)
                self.checked(raw.tell() / size)
            checked.close()
        return digest.hexdigest()

    @contextmanager
    def _open(self) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """The unpacked content, and the file itself, whose position tells how far we are."""
        try:
            with self.path.open("rb") as raw:
                yield cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if self._zipped else raw, raw
        except (OSError, EOFError, zlib.error) as error:
            raise FileError(self.name, None, f"cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def read_log(path: Path, columns: Columns | None = None) -> Iterator[FileEvent]:
    """The events of a log file in the order of the file; raises FileError, also at the first bad row."""
    for row in LogFile(path, columns).rows():
        if isinstance(row, BadRow):
            raise FileError(path, row.line, row.detail)
        yield row
