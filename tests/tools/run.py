"""Run a command with a state folder of its own, and if asked with a PostgreSQL of its own; both are gone afterwards.

``python -m tests.tools.run [--postgresql] COMMAND…``. Settings of the caller (``PROCMINE_…``) do not reach the command,
but for PROCMINE_SAMPLE_LOGS, the folder of real logs that some tests read.
"""

import argparse
import contextlib
import getpass
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.conftest import free_port

KEPT = ("PROCMINE_SAMPLE_LOGS", "PROCMINE_SCREENSHOTS")  # what tests read and may write themselves


def program(name: str) -> str | None:
    """Where PostgreSQL's ``name`` is; Debian keeps it off the path."""
    found = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))]
    return shutil.which(name) or (found[-1] if found else None)


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """URL of a fresh cluster on loopback; as root it runs as the user postgres, since it refuses root."""
    initdb, server = program("initdb"), program("postgres")
    if initdb is None or server is None:
        raise FileNotFoundError("postgresql")
    user = "postgres" if os.geteuid() == 0 else getpass.getuser()
    account = {"user": user, "group": user, "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="procmine-postgresql-"))
    if account:
        shutil.chown(folder, user, user)
    port = free_port()
    try:
        subprocess.run(
            [
                initdb,
                "--auth=trust",
                "--username=procmine",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                folder / "data",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **account,
        )
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
        log = (folder / "log").open("wb")
        with (
            log,
            subprocess.Popen(
                [server, "-D", folder / "data", "-p", str(port), *options],
                stdout=log,
                stderr=log,
                cwd=folder,
                **account,
            ) as process,
        ):
            try:
                url = f"postgres://procmine@127.0.0.1:{port}/postgres"
                _wait(url, process, folder / "log")
                yield url
            finally:
                process.send_signal(signal.SIGINT)  # fast shutdown
                process.wait(30)
    finally:
        shutil.rmtree(folder)


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from None
            time.sleep(0.1)
        else:
            return


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    environment = {
        name: value for name, value in os.environ.items() if name in KEPT or not name.startswith("PROCMINE_")
    }
    with contextlib.ExitStack() as stack:
        environment["PROCMINE_VAR"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="procmine-tests-"))
        if options.postgresql:
            try:
                environment["PROCMINE_DATABASE_URL"] = stack.enter_context(postgresql())
            except FileNotFoundError:
                sys.stderr.write("PostgreSQL is not installed: these tests are left out.\n")
                return 1 if os.environ.get("CI") == "true" else 0
        return subprocess.run(options.command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
