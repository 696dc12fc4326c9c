"""The environment, read in one place: every name begins with ``PROCMINE_``.

``env.int("INGEST_BATCH", 500)`` reads ``PROCMINE_INGEST_BATCH``. Wrong values are collected while the settings are
read, and ``env.seal()`` at their end stops the start with all of them by name.
"""

import os
import secrets
from pathlib import Path

from environs import Env

env = Env(eager=False, prefix="PROCMINE_")


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
