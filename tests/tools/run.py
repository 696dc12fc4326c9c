"""Run a command with a state folder of its own, and if asked with a PostgreSQL of its own; both are gone afterwards.

``python -m tests.tools.run [--postgresql] COMMAND…``. Settings of the caller (``PROCMINE_…``) do not reach the command,
but for PROCMINE_SAMPLE_LOGS, the folder of real logs that some tests read. All of it lies in memory where there is
room: syncing hundreds of databases to a disk at every commit would take most of the time. What Python compiles is kept
whatever the caller says: else each of hundreds of processes compiles Django.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.tools import programs
from tests.tools.cluster import Cluster

KEPT = ("PROCMINE_SAMPLE_LOGS", "PROCMINE_SCREENSHOTS")  # what tests read and may write themselves
MEMORY = Path("/dev/shm")  # noqa: S108  a file system in memory, on Linux
ROOM = 4 * 2**30  # bytes that have to be free there


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    programs.restrict()
    environment = {
        name: value for name, value in os.environ.items() if name in KEPT or not name.startswith("PROCMINE_")
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="procmine-tests-", dir=_place())))
        for name in ("PROCMINE_VAR", "TMPDIR"):
            environment[name] = str(folder / name.lower())
            (folder / name.lower()).mkdir()
        tempfile.tempdir = environment["TMPDIR"]
        folder.chmod(0o755)  # PostgreSQL runs as another user
        (folder / "tmpdir").chmod(0o1777)
        if options.postgresql:
            try:
                environment["PROCMINE_DATABASE_URL"] = stack.enter_context(Cluster()).url
            except programs.MissingProgramError as error:
                sys.stderr.write(f"{error} The tests on PostgreSQL are skipped.\n")
                return 1 if os.environ.get("CI") == "true" else 0
        return subprocess.run(options.command, env=environment, check=False).returncode


def _place() -> Path | None:
    """In memory if there is room, else where temporary files are."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM else None


if __name__ == "__main__":
    sys.exit(main())
