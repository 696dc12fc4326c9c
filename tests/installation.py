"""A whole installation for a test: its own folder and database, real processes, its API and its live socket."""

import atexit
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets import Subprotocol
from websockets.sync.client import ClientConnection, connect

from models_mining.mined_models.pictures import apply
from tests.conftest import free_port, listening, wait_for

ROOT = Path(__file__).resolve().parent.parent
MIGRATED = "migrated.sqlite3"


class Installation:
    """Starts and kills processes, speaks to the API as user ``boss`` with a token of all scopes."""

    def __init__(self, var: Path, **settings: str) -> None:
        self.var = var
        self.port = free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        own = {"DATABASE_URL": f"sqlite:///{var / 'procmine.sqlite3'}", "VAR": str(var), "LOG_LEVEL": "INFO"}
        own |= {"LIMIT_READ": "0", "LIMIT_EVENTS": "0"}  # tests ask all the time
        names = {f"PROCMINE_{name}": value for name, value in (own | settings).items()}
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("PROCMINE_")} | names
        self.token = self.session = ""  # of user `boss`; see `first_user`
        if "DATABASE_URL" not in settings:
            source, self.token, self.session = _template()
            shutil.copytree(source, var, dirs_exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for role in list(self.processes):
            self.stop(role)

    def manage(self, *args: str, timeout_s: float = 120) -> str:
        """What ``manage.py`` prints; fails with its error output unless it exits with 0."""
        done = subprocess.run(
            [sys.executable, "manage.py", *args],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == 0, f"manage.py {args[0]}: {done.stdout}{done.stderr}"
        return done.stdout

    def popen(self, *args: str) -> subprocess.Popen[bytes]:
        """A ``manage.py`` command that goes on beside the test; ended with the installation."""
        with self.log_file(args[0]).open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *args], cwd=ROOT, env=self.env, stdout=output, stderr=output
            )
        self.processes[args[0]] = process
        return process

    def log_file(self, role: str) -> Path:
        """What a process wrote."""
        return self.var / f"{role}.log"

    def start(self, role: str, *args: str) -> None:
        """Start ``ingest``, ``mine`` or ``web``; the latter is waited for."""
        command = [sys.executable, "manage.py", role, *args]
        if role == "web":
            command = [sys.executable, "-m", "daphne", "-p", str(self.port), "procmine.asgi:application"]
        with self.log_file(role).open("ab") as output:
            self.processes[role] = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=output, stderr=output)
        if role == "web":
            wait_for(self._serving, timeout_s=30, what="the web process")

    def _serving(self) -> bool:
        assert self.processes["web"].poll() is None, self.log_file("web").read_text()
        return listening(self.port)

    def kill(self, role: str) -> None:
        """SIGKILL."""
        self._end(role, signal.SIGKILL)

    def stop(self, role: str) -> None:
        """SIGTERM, and wait."""
        self._end(role, signal.SIGTERM)

    def _end(self, role: str, number: signal.Signals) -> None:
        process = self.processes.pop(role)
        process.send_signal(number)
        process.wait(timeout=30)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON answer of the API."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Token {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def connect_broker(self, url: str, name: str = "plant", protocol: str = "3.1.1") -> int:
        """Register the broker at ``url``; its id."""
        port = int(url.rpartition(":")[2])
        broker = {"name": name, "host": "127.0.0.1", "port": port, "protocol": protocol}
        return int(self.api("POST", "brokers/", broker)["id"])

    def add_stream(self, broker: int, topic: str, slug: str = "plant", **fields: Any) -> None:
        """Register an MQTT-XES stream that decodes percent escapes."""
        stream = {"slug": slug, "name": slug, "broker": broker, "topic": topic, "options": {"escapes": "percent"}}
        self.api("POST", "streams/", stream | fields)

    def live(self, log: str, **options: Any) -> "LiveClient":
        """A client of the live socket that follows the default model of ``log``."""
        return LiveClient(f"ws://127.0.0.1:{self.port}/ws/live/", self.token, log, **options)


PASSWORD = "a-password-of-tests"
# All of it in one start of Django. The session is that of a browser in which the user signed in.
_FIRST_USER = f"""
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection
from procmine.web.static_files import gather
from accounts.tokens import create_token
call_command("migrate", verbosity=0)
MIGRATED
boss = User.objects.create_superuser("boss", password="{PASSWORD}")
User.objects.create_user("guest", password="{PASSWORD}")
session = SessionStore()
session["_auth_user_id"] = str(boss.pk)
session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
session["_auth_user_hash"] = boss.get_session_auth_hash()
session.create()
gather()  # else every web process of a test does
print(create_token(boss, ["read", "ingest", "control"])[1], session.session_key)
"""


def first_user(made: Installation, migrated: str = "") -> tuple[str, str]:
    """Create the tables and users; the texts of a token and of a session. ``migrated`` runs between the two.

    The other user, ``guest``, may see nothing yet.
    """
    token, session = made.manage("shell", "-v0", "-c", _FIRST_USER.replace("MIGRATED", migrated)).split()[-2:]
    return token, session


@cache
def _template() -> tuple[Path, str, str]:
    """A fresh installation that every test gets a copy of, its token and its session.

    Tests that run side by side share it: whoever needs it first makes it.
    """
    shared = os.environ.get("TESTS_TEMPLATE")
    folder = Path(shared or tempfile.mkdtemp(prefix="procmine-template-"))
    if not shared:
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    var, secrets = folder / "var", folder / "secrets"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not secrets.exists():
            shutil.rmtree(var, ignore_errors=True)  # of one that was interrupted
            (folder / MIGRATED).unlink(missing_ok=True)
            var.mkdir()
            made = Installation(var, DATABASE_URL=f"sqlite:///{var / 'procmine.sqlite3'}")
            copy = f"connection.cursor().execute('VACUUM INTO \"{folder / MIGRATED}\"')"
            secrets.write_text(" ".join(first_user(made, copy)))
    token, session = secrets.read_text().split()
    return var, token, session


def put_migrated(var: Path) -> None:
    """Tables without a row in a new state folder, for a test to which it does not matter who makes them."""
    source, _, _ = _template()
    var.mkdir()
    shutil.copy(source.parent / MIGRATED, var / "procmine.sqlite3")


class LiveClient:
    """Applies snapshots and deltas as every client must: acknowledges each, asks for a resync on a gap."""

    def __init__(self, url: str, token: str, log: str, **options: Any) -> None:
        self._open = ExitStack()
        self.socket: ClientConnection = self._open.enter_context(
            connect(
                url,
                additional_headers={"Authorization": f"Token {token}"},
                subprotocols=[Subprotocol("procmine.v1")],
            )
        )
        self.shown: dict[str, Any] = {"epoch": "", "version": -1, "seq": -1, "nodes": [], "edges": []}
        self.moves: list[Any] = []
        self.seen: list[str] = []
        self._wanted = {"log": log, "include": ["model", "moves"], "rate_hz": 20} | options
        self.sub = self.ask("subscribe", **self._wanted)["sub"]

    def ask(self, type_: str, **fields: Any) -> dict[str, Any]:
        """Send a request and read until its answer."""
        self.send(type_, id=1, **fields)
        while True:
            message = self.read()
            if message["type"] == "result":
                assert message["ok"], message
                return message

    def send(self, type_: str, **fields: Any) -> None:
        """Send one message."""
        self.socket.send(json.dumps({"type": type_, **fields}))

    def read(self, timeout_s: float = 20) -> dict[str, Any]:
        """The next message, applied."""
        message: dict[str, Any] = json.loads(self.socket.recv(timeout=timeout_s))
        self.seen.append(message["type"])
        if message["type"] == "ended" and message["reason"] == "rebuilt":
            self.send("subscribe", **self._wanted)
        elif message["type"] == "result":
            self.sub = message.get("sub", getattr(self, "sub", 0))
        elif message["type"] == "snapshot":
            self.shown = message
        elif message["type"] == "delta":
            try:
                self.shown = apply(self.shown, message)
                self.moves += message.get("moves", [])
            except ValueError:
                self.send("resync", sub=self.sub)
                return message
        if message["type"] in ("snapshot", "delta"):
            self.send("ack", sub=message["sub"], version=message["version"])
        return message

    def wait_for_seq(self, seq: int, timeout_s: float = 60) -> dict[str, Any]:
        """The picture, as soon as it stands for the events up to ``seq``."""
        wait_for(lambda: self.shown["seq"] >= seq or (self.read() and False), timeout_s, f"seq {seq} on the socket")
        return self.shown

    def close(self) -> None:
        """Hang up."""
        self._open.close()
