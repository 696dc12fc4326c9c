"""The source of the running version as one file."""

import functools
import gzip
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

# What belongs to the program. Anything else that lies in the folder, as state, keys and environments, is never offered.
TOP_LEVEL = (
    *("procmine", "live", "sheets", "rules", "models_mining", "streams", "simulator"),
    *("templates", "static", "tests", "bench", "docs", "tools", "requirements"),
    *("manage.py", "pyproject.toml", "requirements.txt", "requirements-dev.txt", "Makefile", "Dockerfile"),
    *("compose.yaml", ".dockerignore", ".env.example", ".gitignore", ".ci"),
    *("LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"),
)
NEVER = {".pyc", ".sqlite3", ".log", ".env", ".key", ".pem"}


def source_files() -> Iterator[Path]:
    """The program's files, sorted."""
    for top in sorted(TOP_LEVEL):
        path = settings.BASE_DIR / top
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if _is_source(file):
                yield file


def _is_source(file: Path) -> bool:
    below = file.relative_to(settings.BASE_DIR)
    hidden = any(part.startswith(".") or part in {"__pycache__", "node_modules"} for part in below.parts[1:])
    state = file.is_relative_to(settings.VAR)
    return file.is_file() and not (file.is_symlink() or hidden or state or file.suffix in NEVER)


@functools.cache
def source_archive() -> bytes:
    """A tar.gz of `source_files`, the same bytes for the same files. Read once: what runs does not change either."""
    folder = f"procmine-{settings.VERSION}"
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for file in source_files():
            info = tarfile.TarInfo(f"{folder}/{file.relative_to(settings.BASE_DIR).as_posix()}")
            info.size = file.stat().st_size
            info.mode = 0o755 if file.stat().st_mode & 0o100 else 0o644
            with file.open("rb") as content:
                tar.addfile(info, content)
    return packed.getvalue()
