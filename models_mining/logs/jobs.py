"""Jobs on whole logs: a file is read into one, an archived one is deleted."""

import hashlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings

from models_mining.jobs.jobs import Refusal, Task, job
from streams.events.removal import delete_log
from streams.files import Columns, LogFile
from streams.files.imports import import_file
from streams.models import EventLog

FORGOTTEN_S = 2 * 86_400  # after which a file that nobody read is removed


def keep_upload(pieces: Iterable[bytes]) -> str:
    """Keep what was uploaded for the worker, which needs the same state folder; the name it is kept under."""
    folder = _uploads()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in folder.iterdir():
        if time.time() - old.stat().st_mtime > FORGOTTEN_S:
            old.unlink(missing_ok=True)
    draft = folder / f".{os.getpid()}-{time.monotonic_ns()}"
    digest = hashlib.blake2b(digest_size=20)
    try:
        with draft.open("xb") as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
        draft.replace(folder / digest.hexdigest())
    finally:
        draft.unlink(missing_ok=True)
    return digest.hexdigest()


def _uploads() -> Path:
    return Path(settings.VAR) / "uploads"


def _checked_import(parameters: dict[str, Any]) -> dict[str, Any]:
    """``upload``, ``name`` and the names of columns, where they are given."""
    source = LogFile(_uploads() / parameters["upload"], Columns(**parameters["columns"]), parameters["name"])
    return {"upload": source.path.name, "name": source.name, "columns": parameters["columns"]}


@job("import", check=_checked_import)
def imported(task: Task) -> dict[str, Any]:
    """Read an uploaded file into a log. Run again after a crash it goes on where it was."""
    if task.log is None:
        raise Refusal("The log is gone.")
    parameters = task.parameters
    path = _uploads() / parameters["upload"]
    source = LogFile(path, Columns(**parameters["columns"]), parameters["name"])
    for now in import_file(task.log, source):
        task.progress(source.fraction)
        done = now
    path.unlink(missing_ok=True)
    counts = {"stored": done.stored, "duplicates": done.duplicates, "rejected": done.rejected}
    return {"import": done.pk, "read": done.position, **counts}


@job("delete-log")
def deleted(task: Task) -> dict[str, Any]:
    """Delete an archived log with all it holds. The job belongs to no log, or it would go with it."""
    log = EventLog.objects.filter(slug=task.parameters["log"], archived_at__isnull=False).first()
    if log is None:
        return {"deleted": 0}
    left = max(log.stored - log.retired_events, 1)
    gone = 0
    for some in delete_log(log):
        gone += some
        task.progress(min(gone / left, 1.0))
    return {"deleted": gone}
