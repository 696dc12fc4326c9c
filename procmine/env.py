"""The environment, read in one place: every name begins with ``PROCMINE_``.

``env.int("INGEST_BATCH", 500)`` reads ``PROCMINE_INGEST_BATCH``. Wrong values are collected while the settings are
read, and ``env.seal()`` at their end stops the start with all of them by name.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from environs import Env, ValidationError

env = Env(eager=False, prefix="PROCMINE_")


def each(check: Callable[[str], object]) -> Callable[[list[str]], None]:
    """A validator of a list by a check of its items: what that raises (ValueError) is told with the variable's name."""

    def validate(items: list[str]) -> None:
        try:
            for item in items:
                check(item)
        except ValueError as error:
            raise ValidationError(str(error)) from error

    return validate


def kept_secret(path: Path, make: str | None = None) -> str:
    """What ``path`` holds; at the first call a fresh random text is put there, readable by its owner only.

    Two processes that start together agree: the file appears whole or not at all (link of a finished file).
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(make or secrets.token_urlsafe(50))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # the other process was first; its text counts
        finally:
            draft.unlink()
    return path.read_text()
