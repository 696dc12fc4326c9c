"""A backup made while events come in holds a moment of it whole; restored, everything goes on from there."""

import fcntl
import json
import os
import re
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

import procmine.backup
from foundation import progress
from foundation.models import Lease
from foundation.processes.leases import acquire
from procmine.backup import BackupError, backup, restore
from streams.events.store import NewEvent, store_events
from streams.models import Broker, EventLog
from tests.conftest import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parent.parent.parent
AFTER = """
import json
from django.contrib.auth.models import User
from models_mining.past.auditing import audit
from models_mining.mining.miner import LogMiners
from pathlib import Path
from procmine.backup import BackupError, restore
from streams.models import Broker, Event, EventLog
from streams.events.store import NewEvent, store_events
from django.utils import timezone

log = EventLog.objects.get()
seqs = list(Event.objects.order_by("seq").values_list("seq", flat=True))
again = store_events([NewEvent(log.pk, "c", "a", timezone.now(), timezone.now(), event_id=f"e{n}") for n in (0, -1)])
LogMiners().drain()
(found,) = audit([log], ["dfg"])
try:
    restore(Path(BACKUP))
except BackupError as error:
    refused = str(error)
told = {"seqs": seqs, "again": again, "differences": found.differences, "models": found.models, "refused": refused}
print(json.dumps(told | {"secret": Broker.objects.get().secret}))
"""

RESTORE = """
import sys
from django.core.management import call_command
from foundation import progress

progress.PLAIN_S = 0
call_command("restore", BACKUP, stderr=sys.stdout)
"""


@pytest.fixture
def log(transactional_db: None) -> EventLog:
    return EventLog.objects.create(slug="l", name="l")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of another, empty installation."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PROCMINE_")}
    environment["PROCMINE_VAR"] = str(tmp_path / "var")
    if connection.vendor == "sqlite":
        yield environment
        return
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE restored")
    own = connection.settings_dict
    address = f"postgres://{own['USER']}@{own['HOST']}:{own['PORT']}/restored"
    yield environment | {"PROCMINE_DATABASE_URL": address}
    with connection.cursor() as cursor:
        cursor.execute("DROP DATABASE restored WITH (FORCE)")


def manage(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_backup_made_under_load_is_one_moment_and_goes_on_where_it_was(
    log: EventLog, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    Broker.objects.create(name="plant", host="127.0.0.1", password="hunter2")  # in the database under the secret key
    stop = threading.Event()

    def feed() -> None:
        number = 0
        try:
            while not stop.is_set():
                now = datetime.now(UTC)
                store_events(
                    [
                        NewEvent(
                            log.pk, f"c{n % 7}", "ab"[n % 2], now, now, event_id=f"e{n}", attributes={"x": "y" * 99}
                        )
                        for n in range(number, number + 50)
                    ]
                )
                number += 50
        finally:
            connection.close()

    feeding = threading.Thread(target=feed)
    feeding.start()
    try:
        wait_for(lambda: EventLog.objects.get().stored > 2000, what="events")
        before = EventLog.objects.get().stored
        manifest = backup(tmp_path / "all.tar")
        stored = EventLog.objects.get().stored
        wait_for(lambda: EventLog.objects.get().stored > stored, what="more events")
    finally:
        stop.set()
        feeding.join(30)
    kept = manifest["logs"]["l"]
    assert before <= kept
    assert (tmp_path / "all.tar").stat().st_mode & 0o777 == 0o600
    assert "1 logs with" in manage(elsewhere, "restore", str(tmp_path / "all.tar"))
    script = f"BACKUP = {str(tmp_path / 'all.tar')!r}\n{AFTER}"
    told: dict[str, Any] = json.loads(manage(elsewhere, "shell", "-v0", "-c", script))
    assert told["seqs"] == list(range(1, len(told["seqs"]) + 1))
    assert before <= len(told["seqs"]) <= stored
    assert told["again"] == [None, len(told["seqs"]) + 1]  # what it knew is still known
    assert (told["differences"], told["secret"]) == ([], "hunter2")
    assert told["models"] > 0
    assert "--force replaces" in told["refused"]


def test_both_report_how_far_they_are_in_plain_lines(
    log: EventLog, elsewhere: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PLAIN_S", 0.0)
    monkeypatch.setattr(procmine.backup, "POLL_S", 0.001)
    errors = StringIO()
    call_command("backup", str(tmp_path / "all.tar"), stdout=StringIO(), stderr=errors)
    reported = errors.getvalue()
    restored = manage(elsewhere, "shell", "-v0", "-c", f"BACKUP = {str(tmp_path / 'all.tar')!r}\n{RESTORE}")
    assert "\r" not in reported + restored
    made = "copying the database" if connection.vendor == "sqlite" else "dumping the database"
    assert re.match(rf"{made}: [\d.]+( of [\d.]+)? MB, ", reported)
    assert re.search(r"^packing: ([\d.]+) of \1 MB, 100%, .*\d s$", reported, re.MULTILINE)
    for label in ("unpacking: 0", "migrating the database: 0 s"):
        assert f"\n{label}" in f"\n{restored}"
    assert restored.splitlines()[-1].startswith("1 logs with 0 events, as of ")


def test_what_is_no_backup_changes_nothing(log: EventLog, tmp_path: Path) -> None:
    plain, damaged = tmp_path / "plain.tar", tmp_path / "damaged.tar"
    plain.write_bytes(b"no tar")
    with pytest.raises(BackupError, match=r"plain\.tar: this is no backup"):
        restore(plain, force=True)
    backup(tmp_path / "whole.tar")
    with pytest.raises(BackupError, match="--force replaces all of it"):
        restore(tmp_path / "whole.tar")
    served = settings.VAR / "ports" / "serve"
    served.parent.mkdir(exist_ok=True)
    with served.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # as `serve` does
        with pytest.raises(BackupError, match="stop it first"):
            restore(tmp_path / "whole.tar", force=True)
    acquire("broker:1")
    with pytest.raises(BackupError, match=r"Something runs here.*broker:1"):
        restore(tmp_path / "whole.tar", force=True)
    Lease.objects.all().delete()
    with tarfile.open(tmp_path / "whole.tar") as whole, tarfile.open(damaged, "w") as cut:
        for info in whole:
            if not info.name.startswith("database"):
                cut.addfile(info, whole.extractfile(info))
    with pytest.raises(BackupError, match=r"damaged, database\.\w+ is missing"):
        restore(damaged, force=True)
    with pytest.raises(BackupError, match=r"none\.tar: this is no backup"):
        restore(tmp_path / "none.tar", force=True)
    with pytest.raises(BackupError, match=r"Not a directory|File exists"):
        backup(Path("/dev/null/no-folder/x.tar"))
    assert EventLog.objects.get() == log
    assert not list(settings.VAR.glob(".backup-*"))
