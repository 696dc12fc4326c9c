"""The apps and the files of the source, for `/source/` in a checkout, the sdist and wheel. Standard library only."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

APPS = (  # from the top layer to the bottom, then the one beside them
    *("procmine", "accounts", "live", "sheets", "rules", "simulations", "models_mining", "streams", "foundation"),
    "simulator",
)
# Where git does not list the files, as in an unpacked sdist: everything in here but caches, hidden files and secrets.
TOP_LEVEL = (
    *APPS,
    *("templates", "static", "tests", "bench", "docs", "tools", "requirements"),
    *("manage.py", "pyproject.toml", "hatch_build.py", "requirements.txt", "requirements-dev.txt", "Makefile"),
    *("Dockerfile", "compose.yaml", ".dockerignore", ".env.example", ".gitignore", ".ci"),
    *("LICENSE", "README.md", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "SECURITY.md"),
)
NEVER = {".pyc", ".sqlite3", ".log", ".env", ".key", ".pem"}


def source_files(root: Path) -> list[Path]:
    """Return the source files below ``root``, sorted: those that git lists, so that no private file is among them."""
    listed = _listed_by_git(root)
    files = (root / name for name in listed) if listed else _found(root)
    return sorted(file for file in files if file.is_file() and not file.is_symlink())


def _listed_by_git(root: Path) -> list[str]:
    """Return the names of committed or staged files; an empty list without git or where ``root`` is no checkout."""
    if not (root / ".git").exists():
        return []
    # A service may run as another user than the owner of the checkout: git would refuse to read it.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}  # as a git hook sets them
    try:
        done = subprocess.run(command, cwd=root, env=env, capture_output=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return []
    return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def _found(root: Path) -> Iterator[Path]:
    for top in TOP_LEVEL:
        for file in [root / top] if (root / top).is_file() else (root / top).rglob("*"):
            below = file.relative_to(root).parts[1:]
            hidden = any(part.startswith(".") or part in {"__pycache__", "node_modules"} for part in below)
            if not hidden and file.suffix not in NEVER:
                yield file
