"""A whole installation under load whose parts are killed: recorder, miner, web, broker, database."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.conftest import free_port, listening, needs, wait_for
from tests.faults import checker
from tests.faults.senders import App, Device, Sender
from tests.installation import ROOT, Installation, first_user
from tests.tools.cluster import Cluster

ALIVE_WITHIN_S = 60.0
STORED_WITHIN_S = 60.0


class Broker:
    """A Mosquitto that forgets everything when it is killed.

    With persistence, 2.0.11 loses messages of restored sessions and ends in a double free after some kills in a row
    (seen here): what a broker loses no recorder can store. tests/streams restarts one that keeps its sessions.
    """

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 2000\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        self._process = subprocess.Popen([needs("mosquitto"), "-c", str(self._config)], stderr=subprocess.DEVNULL)
        wait_for(lambda: listening(self.port), timeout_s=10, what="mosquitto")

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)


class World:
    """Use as a context manager; `run` kills and checks. ``bug`` is one of tests/faults/planted.py."""

    def __init__(
        self,
        folder: Path,
        *,
        postgresql: bool = False,
        bug: str = "",
        roles: tuple[str, ...] = ("web", "mine", "ingest"),
    ) -> None:
        self.bug = bug
        self.roles = roles
        self.broker = Broker(folder)
        self.cluster = Cluster() if postgresql else None
        settings = {"DATABASE_URL": self.cluster.url} if self.cluster else {}
        self.installation = Installation(folder / "var", **settings)
        self.database = self.cluster.url if self.cluster else str(folder / "var" / "procmine.sqlite3")
        self.senders: list[Sender] = []

    def __enter__(self) -> Self:
        self.broker.start()
        if self.cluster is not None:
            self.cluster.start()
            self.installation.var.mkdir(exist_ok=True)
            self.installation.token, _ = first_user(self.installation)
        made = self.installation
        for role in self.roles:
            self.start(role)
        made.api("POST", "logs/", {"slug": "faults", "name": "faults"})
        made.add_stream(made.connect_broker(f"mqtt://127.0.0.1:{self.broker.port}"), "faults", log="faults")
        wait_for(
            lambda: [row["state"] for row in made.api("GET", "brokers/")["results"]] == ["connected"],
            timeout_s=ALIVE_WITHIN_S,
            what="the recorder's connection",
        )
        url = f"http://127.0.0.1:{made.port}/api/v1/logs/faults/events/"
        self.devices = [Device(self.broker.port, ids=True), Device(self.broker.port, ids=False)]
        self.senders = [*self.devices, App(url, made.token)]
        for sender in self.senders:
            sender.start()
        wait_for(lambda: all(sender.sent for sender in self.senders), ALIVE_WITHIN_S, "the first events")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sender in self.senders:
            sender.enough.set()
            sender.free.set()
        self.installation.__exit__(kind, error, trace)
        self.broker.kill()
        if self.cluster is not None:
            self.cluster.__exit__(kind, error, trace)

    def start(self, role: str) -> None:
        """Start a process; the recorder with its bug, if it is to have one."""
        if role == "ingest" and self.bug:
            command = [sys.executable, "-m", "tests.faults.planted", self.bug]
            with self.installation.log_file(role).open("ab") as output:
                self.installation.processes[role] = subprocess.Popen(
                    command, cwd=ROOT, env=self.installation.env, stdout=output, stderr=output
                )
        else:
            self.installation.start(role)

    def run(
        self, kills: Mapping[str, int], seed: int, say: Callable[[str], object] = lambda line: None
    ) -> checker.Report:
        """Kill each part so many times in a random order, each time after something was stored; then check."""
        chance = random.Random(seed)
        schedule = [part for part, times in kills.items() for _ in range(times)]
        chance.shuffle(schedule)
        for number, part in enumerate(schedule):
            least = checker.newest(self.database) + chance.randint(1, 300)
            wait_for(lambda least=least: checker.newest(self.database) >= least, ALIVE_WITHIN_S, "some progress")
            sent = ", ".join(f"{sender.name} {sender.sent}" for sender in self.senders)
            say(f"{number + 1} of {len(schedule)}: {part}, {least} stored, sent {sent}")
            self.kill(part)
        for sender in self.senders:
            sender.enough.set()
            sender.join(60)
        wait_for(lambda: all(sender.settled() for sender in self.senders), 60, "every acknowledgement")
        sent = sum(sender.sent for sender in self.senders)
        if self.bug != "acknowledge-before-commit":  # which never stores them all
            until = time.monotonic() + STORED_WITHIN_S
            while checker.distinct(self.database) < sent and time.monotonic() < until:
                time.sleep(0.2)  # what is missing at the end is the report's to tell
        for sender in self.senders:
            sender.end()  # type: ignore[attr-defined]
        for role in reversed(self.roles):
            self.installation.stop(role)
        return checker.check(self.database, self.senders)

    def kill(self, part: str) -> None:
        """SIGKILL to one part, and start it again."""
        if part == "database":
            assert self.cluster is not None
            self.cluster.kill()
            self.cluster.start()
        elif part == "broker":
            self._kill_broker()
        else:
            self.installation.kill(part)
            self.start(part)

    def _kill_broker(self) -> None:
        """What a broker forgets it has acknowledged, no recorder can store: so the devices are done first, and go on
        when the recorder has subscribed again."""
        for device in self.devices:
            device.free.clear()
        wait_for(lambda: all(device.settled() for device in self.devices), 60, "the broker's acknowledgements")
        for device in self.devices:
            wait_for(
                lambda device=device: checker.stored_of(self.database, device.name) >= device.sent, 60, "their events"
            )
        before = checker.connected_since(self.database)
        self.broker.kill()
        self.broker.start()
        wait_for(lambda: checker.connected_since(self.database) not in ("", before), 60, "the recorder's connection")
        for device in self.devices:
            device.free.set()

    def counts(self) -> dict[str, int]:
        """The stream's counters."""
        self.installation.start("web")
        found: dict[str, int] = self.installation.api("GET", "streams/plant/health/")
        return found

    def audit(self) -> str:
        """The last line of `manage.py audit`."""
        return self.installation.manage("audit", "--all", timeout_s=600).splitlines()[-1]
