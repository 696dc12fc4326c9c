"""A PostgreSQL of one's own on loopback, that can be killed and started again."""

import getpass
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from tests.tools.ports import free_port
from tests.tools.programs import find

OPTIONS = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "max_connections=200")


class Cluster:
    """A fresh cluster; gone at the end. MissingProgramError where PostgreSQL is not installed.

    As root it runs as the user postgres, since it refuses root.
    """

    def __init__(self) -> None:
        initdb, server = find("initdb"), find("postgres")
        user = "postgres" if os.geteuid() == 0 else getpass.getuser()
        self._account: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if os.geteuid() == 0 else {}
        self._server = server
        self.folder = Path(tempfile.mkdtemp(prefix="procmine-postgresql-"))
        if self._account:
            shutil.chown(self.folder, user, user)
        self.port = free_port()
        self.url = f"postgres://procmine@127.0.0.1:{self.port}/postgres"
        setup = ["--auth=trust", "--username=procmine", "--encoding=UTF8", "--locale=C", "--no-sync"]
        command = [str(initdb), *setup, self.folder / "data"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self._account)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._end(signal.SIGINT)  # fast shutdown
        finally:
            shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start the server and wait until it answers, after its recovery if it was killed."""
        options = [word for option in OPTIONS for word in ("-c", option)]
        command = [str(self._server), "-D", str(self.folder / "data"), "-p", str(self.port), *options]
        deadline = time.monotonic() + 30
        while True:
            if self._process is None or self._process.poll() is not None:  # what a killed one left is still going
                with (self.folder / "log").open("ab") as log:
                    self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **self._account)
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}") from None
                time.sleep(0.1)
            else:
                return

    def kill(self) -> None:
        """SIGKILL to the server; its children follow it."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None
