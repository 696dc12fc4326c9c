"""Several processes of one installation on PostgreSQL, with leases so short that a test can outwait them."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import needs, wait_for
from tests.installation import ROOT, Installation
from tests.tools.cluster import Cluster

LEASE_S = 4  # miners look at their leases every second, and a busy machine is slow


class Plant:
    """Starts, pauses and kills processes of any number, and asks the database what they did."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        short = {"LEASE_S": str(LEASE_S), "CHECKPOINT_S": "2", "INGEST_BATCH": "20"}
        self.installation = Installation(folder, DATABASE_URL=cluster.url, **short)
        self._url = cluster.url
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        with self.installation.log_file(command[0]).open("ab") as output:
            self._processes.append(
                subprocess.Popen(
                    [sys.executable, "manage.py", *command],
                    cwd=ROOT,
                    env=self.installation.env,
                    stdout=output,
                    stderr=output,
                )
            )
        return self._processes[-1]

    def script(self, text: str) -> "subprocess.Popen[bytes]":
        """Python that runs beside the test, with the installation's tables."""
        return self.start("shell", "-v0", "-c", text)

    def stop_all(self, how: int = signal.SIGTERM) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGCONT)
            process.send_signal(how)
        for process in self._processes:
            process.wait(30)
        self._processes.clear()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url) as connection:
            return connection.execute(sql).fetchall()

    def number(self, sql: str) -> int:
        return int(self.query(sql)[0][0])

    def owners(self, prefix: str) -> dict[str, int]:
        """The leases of this prefix that hold now, and the process ids of their owners."""
        sql = f"SELECT name, owner FROM foundation_lease WHERE name LIKE '{prefix}%' AND expires_at > now()"  # noqa: S608
        return {name: int(owner.rpartition("/")[2]) for name, owner in self.query(sql)}

    def wait_for_owners(self, prefix: str, pieces: int, *processes: "subprocess.Popen[bytes]") -> None:
        """Wait until all pieces are in the hands of all these processes, and of no others."""
        pids = {process.pid for process in processes}

        def shared() -> bool:
            owners = self.owners(prefix)
            return len(owners) == pieces and set(owners.values()) == pids

        wait_for(shared, 120, f"{pieces} pieces in {len(pids)} hands")


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    needs("initdb")
    with Cluster() as cluster:
        made = Plant(tmp_path_factory.mktemp("var"), cluster)
        made.installation.manage("migrate", "-v0")
        try:
            yield made
        finally:
            made.stop_all(signal.SIGKILL)
