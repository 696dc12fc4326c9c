"""A consistent copy of an installation while it runs, and back.

A backup is one tar file, readable by its owner only: the database as it was at one moment (SQLite's own copy of
itself, or what pg_dump wrote), the secret key and the installation's name where they are kept in the state folder, and
``manifest.json``, which says what is in it.
"""

import fcntl
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Now
from django.utils import timezone

from foundation.models import Lease
from foundation.progress import Progress, ignore
from streams.models import Broker, EventLog

FORM = 1  # of the tar file
KEPT = ("secret_key", "installation")  # files of the state folder
_MB = 1_000_000
POLL_S = 0.2  # between two looks at a program of PostgreSQL
_STEPS = 1_000_000  # of SQLite's machine, between two reports
_PAGES = 2000  # of SQLite, copied between two reports
_NAMES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}


class BackupError(RuntimeError):
    """It cannot be done; the message says why, and what to do."""


def backup(target: Path, report: Progress = ignore) -> dict[str, Any]:
    """Write a backup to ``target``, which appears whole or not at all; what its manifest says.

    Recording goes on: SQLite is copied within one read transaction, which no writer waits for, and pg_dump has a
    snapshot. What is committed before the call is in it. Raises BackupError.
    """
    with _scratch(target.parent) as folder:
        database = folder / _NAMES[connection.vendor]
        if connection.vendor == "sqlite":
            _copy_sqlite(Path(connection.settings_dict["NAME"]), database, report)
            logs = _logs_of(database)
        else:
            logs = dict(EventLog.objects.values_list("slug", "next_seq"))

            def dumped() -> None:
                report("dumping the database", database.stat().st_size / _MB if database.exists() else 0, unit="MB")

            options = ("--format=custom", "--no-owner", "--no-privileges", f"--file={database}")
            _run_postgresql("pg_dump", *options, poll=dumped)
        kept = [name for name in KEPT if (settings.VAR / name).exists()]
        manifest = {
            "form": FORM,
            "version": settings.VERSION,
            "database": connection.vendor,
            "made_at": timezone.now().isoformat(),
            "logs": {
                slug: next_seq - 1 for slug, next_seq in logs.items()
            },  # its newest seq; pg_dump's snapshot may hold newer ones
            "keys": kept,
        }
        draft = folder / "backup.tar"
        with tarfile.open(draft, "w") as tar:
            text = json.dumps(manifest, indent=1).encode()
            info = tarfile.TarInfo("manifest.json")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
            for path in (*(settings.VAR / name for name in kept), database):
                info = tarfile.TarInfo(path.name)
                info.size, info.mode = path.stat().st_size, 0o600
                with path.open("rb") as file:
                    tar.addfile(info, _Read(file, "packing", info.size, report))
        _sync(draft)
        draft.replace(target)
    return manifest


def restore(source: Path, *, force: bool = False, report: Progress = ignore) -> dict[str, Any]:
    """Put a backup in the place of this installation's database and keys; what its manifest says. Raises BackupError.

    Only with ``force`` where anything is there already, and never while something runs. Migrations that are newer than
    the backup are applied to it.
    """
    with _scratch(settings.VAR) as folder:
        manifest = _unpack(source, folder, report)
        if manifest["database"] != connection.vendor:
            raise BackupError(f"This backup is of {manifest['database']}, the installation has {connection.vendor}.")
        _refuse_what_is_there(force=force)
        database = folder / _NAMES[connection.vendor]
        if connection.vendor == "sqlite":
            _check_sqlite(database, report)
            connections.close_all()
            _replace_sqlite(database, Path(connection.settings_dict["NAME"]))
        else:
            connections.close_all()
            name = str(connection.settings_dict["NAME"])
            clean = (
                "--clean",
                "--if-exists",
                "--no-owner",
                "--no-privileges",
                "--single-transaction",
                "--exit-on-error",
            )
            restoring = partial(report, "restoring the database")
            _run_postgresql("pg_restore", *clean, f"--dbname={name}", str(database), poll=restoring)
        for name in manifest["keys"]:
            (folder / name).chmod(0o600)
            (folder / name).replace(settings.VAR / name)
    report("migrating the database")
    call_command("migrate", verbosity=0)
    Lease.objects.update(expires_at=Now())  # whoever had them then has nothing to do with what is here now
    Broker.objects.update(state=Broker.State.STOPPED)
    return manifest


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    """A folder on the same disk as what is made of it, readable by its owner only."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=parent) as folder:
            yield Path(folder)
    except OSError as error:
        raise BackupError(f"{error.filename or parent}: {error.strerror or error}.") from error


class _Read:
    """A file whose reading is reported."""

    def __init__(self, file: IO[bytes], label: str, size: int, report: Progress) -> None:
        self._file, self._report = file, partial(report, label, total=size / _MB, unit="MB")

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._report(done=self._file.tell() / _MB)
        return data


def _sync(path: Path) -> None:
    path.chmod(0o600)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _unpack(source: Path, folder: Path, report: Progress) -> dict[str, Any]:
    """The manifest; the files that belong to a backup are in ``folder`` then, and nothing else."""
    try:
        with tarfile.open(source) as tar:
            for info in tar:
                if info.isfile() and info.name in ("manifest.json", *KEPT, *_NAMES.values()):
                    file = tar.extractfile(info)
                    if file is not None:
                        with (folder / info.name).open("wb") as target:
                            shutil.copyfileobj(_Read(file, "unpacking", info.size, report), target, 1 << 20)
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
        form, kind = manifest["form"], manifest["database"]
    except (tarfile.TarError, EOFError, KeyError, TypeError, ValueError, FileNotFoundError) as error:
        raise BackupError(f"{source}: this is no backup of procmine, or a damaged one ({error}).") from error
    if form != FORM:
        raise BackupError(f"{source}: made by version {manifest.get('version')}; this version cannot read it.")
    for name in (_NAMES.get(kind, kind), *manifest["keys"]):
        if not (folder / name).is_file():
            raise BackupError(f"{source}: damaged, {name} is missing.")
    return manifest


def _refuse_what_is_there(*, force: bool) -> None:
    served = settings.VAR / "ports" / "serve"  # locked by `serve` for as long as it runs
    if served.exists():
        with served.open() as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupError(f"procmine serves with {settings.VAR}: stop it first.") from None
    try:
        if MigrationExecutor(connection).loader.applied_migrations:
            running = Lease.objects.filter(expires_at__gt=Now()).values_list("name", flat=True)
            if running:
                raise BackupError(f"Something runs here, or ended just now ({min(running)}): stop it first.")
            there = [rows for rows in (EventLog.objects, Broker.objects, get_user_model().objects) if rows.exists()]
            if there and not force:
                raise BackupError("There are logs, brokers or users here: --force replaces all of it by the backup.")
    except DatabaseError as error:
        if not force:
            raise BackupError(f"What is here cannot be read ({error}): --force replaces it.") from error


# --- SQLite -----------------------------------------------------------------------------


def _copy_sqlite(source: Path, target: Path, report: Progress) -> None:
    """Copy page by page within one read transaction: a snapshot, whatever is written meanwhile (WAL).

    Source: SQLite, Online Backup API: a backup whose source is written by others begins again, unless it holds one.
    """

    with closing(sqlite3.connect(source, isolation_level=None)) as here, closing(sqlite3.connect(target)) as copy:
        page_mb = here.execute("PRAGMA page_size").fetchone()[0] / _MB

        def copied(_: int, remaining: int, total: int) -> None:
            report("copying the database", (total - remaining) * page_mb, total * page_mb, unit="MB")

        here.execute("BEGIN")
        here.execute("SELECT 1 FROM sqlite_master").fetchone()  # from here on the snapshot holds
        here.backup(copy, pages=_PAGES, progress=copied, sleep=0)
        here.execute("ROLLBACK")
        copy.execute("PRAGMA journal_mode=DELETE")  # one file


def _logs_of(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as copy:
        return dict(copy.execute("SELECT slug, next_seq FROM streams_eventlog").fetchall())


def _check_sqlite(database: Path, report: Progress) -> None:
    try:
        with closing(sqlite3.connect(database)) as copy:
            copy.set_progress_handler(partial(report, "checking the database"), _STEPS)
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        found = str(error)
    if found != "ok":
        raise BackupError(f"The database in this backup is damaged: {found}.")


def _replace_sqlite(database: Path, target: Path) -> None:
    """The old one's journal must not be taken for the new one's."""
    _sync(database)
    target.parent.mkdir(parents=True, exist_ok=True)
    for name in (f"{target.name}-wal", f"{target.name}-shm"):
        target.with_name(name).unlink(missing_ok=True)
    database.replace(target)


# --- PostgreSQL -------------------------------------------------------------------------


def _run_postgresql(program: str, *options: str, poll: Callable[[], None]) -> None:
    """Run one of PostgreSQL's own programs on our database, and ``poll`` meanwhile."""
    found = shutil.which(program)
    if found is None:
        raise BackupError(f"{program} is not installed here: install PostgreSQL's client programs.")
    own = connection.settings_dict
    environment = {
        "PGHOST": own["HOST"],
        "PGPORT": str(own["PORT"] or ""),
        "PGUSER": own["USER"],
        "PGPASSWORD": own["PASSWORD"],
        "PGDATABASE": own["NAME"],
        "PGSSLMODE": own.get("OPTIONS", {}).get("sslmode", ""),
    }
    given = os.environ | {name: value for name, value in environment.items() if value}
    command = [found, *options]
    with subprocess.Popen(command, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        while True:
            try:
                _, errors = process.communicate(timeout=POLL_S)
                break
            except subprocess.TimeoutExpired:
                poll()
    if process.returncode:
        raise BackupError(f"{program} failed: {errors.strip()[-1000:]}")
