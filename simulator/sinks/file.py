"""A file that one sink writes."""

import fcntl
from pathlib import Path
from typing import TextIO

from simulator.errors import SinkError
from simulator.reading.fields import Fields


class OutputFile:
    """A UTF-8 text file, replaced when it is opened and held until it is closed. Failures are SinkErrors."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def open(self) -> None:
        """Create or empty the file; two writers of one file would spoil it, so the second is refused."""
        try:
            self._file = self._path.open("a", encoding="utf-8", newline="")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._path.is_file():  # not a pipe or a device
                self._file.truncate(0)
        except BlockingIOError:
            raise SinkError(f"{self._path}: another sink or run is writing this file") from None
        except OSError as error:
            raise self._failure(error) from error

    def write(self, text: str) -> None:
        """Append ``text``."""
        if self._file is None:
            raise SinkError(f"{self._path}: not open")
        try:
            self._file.write(text)
        except OSError as error:
            raise self._failure(error) from error

    def flush(self) -> None:
        """Hand what is held back to the system."""
        if self._file is not None:
            try:
                self._file.flush()
            except OSError as error:
                raise self._failure(error) from error

    def close(self) -> None:
        """Write out the rest; twice is harmless."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                raise self._failure(error) from error

    def _failure(self, error: OSError) -> SinkError:
        return SinkError(f"{self._path}: {error.strerror or error}")


def read_path(fields: Fields) -> OutputFile:
    """The field ``path``, relative to the working directory."""
    path = fields.text("path", expected="text, the file to write")
    if "path" in fields.names and (not path or "\0" in path):
        fields.error("path", f"has a wrong value, got {path!r}, expected the name of a file")
    return OutputFile(Path(path))
