"""Commands of procmine as processes of their own, each with its own state folder."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import wait_for

ROOT = Path(__file__).resolve().parent.parent.parent


class Running:
    """A process whose output is collected while it runs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line.rstrip())

    def said(self, text: str, timeout_s: float = 30.0, times: int = 1) -> str:
        """The (last) line that holds ``text``, as soon as it has been said ``times`` times."""

        def found() -> list[str]:
            ended = not self._reader.is_alive()
            held = [line for line in list(self.lines) if text in line]
            if len(held) < times and ended:
                pytest.fail(f"ended without saying {text!r}:\n" + "\n".join(self.lines))
            return held if len(held) >= times else []

        return str(wait_for(found, timeout_s, f"{text!r}, said {times} times in\n" + "\n".join(self.lines))[-1])

    def signal(self, signal_: signal.Signals) -> None:
        self.process.send_signal(signal_)

    def ends(self, timeout_s: float = 30.0) -> int:
        """The exit status, when all it said has been read."""
        status = self.process.wait(timeout_s)
        self._reader.join(5)
        return status


def processes(folder: Path) -> dict[int, str]:
    """Process id and command line of every process that was started with ``folder`` in its environment."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if str(folder).encode() in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            except OSError:  # it ended meanwhile, or is another user's
                continue
    return found


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start ``python ARGUMENTS…`` with PROCMINE_VAR in this test's folder; nothing of it survives the test."""
    started: list[Running] = []

    def start(*arguments: str, **environment: str) -> Running:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, "PROCMINE_VAR": str(tmp_path / "var"), "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(Running(process))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.ends(10)
    wait_for(lambda: not processes(tmp_path), 15.0, f"the end of every process of {tmp_path}")
