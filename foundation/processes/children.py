"""One call in a forked process: it sees the parent's memory as it was, and its time and memory are bounded.

Nothing has to be handed over to it: a fork is a snapshot, and the system copies only what either side changes. Its
value comes back as JSON in an unnamed file, so that no reader has to keep up with it. The parent has to be
single-threaded, but for threads that do nothing but wait.
"""

import contextlib
import logging
import math
import os
import resource
import select
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import orjson
from django.db import connections

from foundation.errors import DomainError

logger = logging.getLogger(__name__)

MB = 1024 * 1024
NICE = 5  # what is mined and ingested now goes first
_RECORD = 8  # bytes of a report of progress

Progress = Callable[[float], None]
"""Tells how much is done, from 0 to 1."""


class Refusal(DomainError):  # noqa: N818  it is an answer, not a fault
    """What was asked of a job cannot be done; the message says why, for the person who asked."""

    code, text = "job-refused", "{why}"

    def __init__(self, why: str) -> None:
        super().__init__(why=why)


class Outcome(NamedTuple):
    """What became of a call: its value, or why there is none; seconds by the clock on the wall."""

    value: Any
    error: str
    took_s: float


class Child:
    """A call under way. Poll it; the first outcome is the last word, and the process is gone then."""

    def __init__(self, call: Callable[[Progress], Any], *, seconds: float, memory_mb: int) -> None:
        self.progress = 0.0
        self._seconds, self._memory_mb = seconds, memory_mb
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed with the outcome
        self._heard, said = os.pipe()
        connections.close_all()  # neither side may use the connection of the other
        self._began = time.monotonic()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _run(call, self._file.fileno(), said, lambda: _bound(seconds, memory_mb, parent))
        os.close(said)

    def poll(self) -> Outcome | None:
        """The outcome as soon as there is one. A call beyond its time is killed."""
        self.heard()
        took_s = time.monotonic() - self._began
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid:
            if took_s <= self._seconds:
                return None
            self._kill()
            return self._ended(Outcome(None, self._too_long(), took_s))
        if os.WIFEXITED(status) and not os.WEXITSTATUS(status):
            self._file.seek(0)
            told = orjson.loads(self._file.read())
            return self._ended(Outcome(told.get("value"), told.get("error", ""), took_s))
        return self._ended(Outcome(None, self._why(status), took_s))

    def kill(self) -> None:
        """End it without an outcome."""
        self._kill()
        self._ended(Outcome(None, "", 0.0))

    def _kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def _ended(self, outcome: Outcome) -> Outcome:
        self._file.close()
        os.close(self._heard)
        return outcome

    def heard(self) -> float:
        """How much of the call is done, as it last reported."""
        while select.select([self._heard], [], [], 0)[0]:
            said = os.read(self._heard, 1024 * _RECORD)
            if not said:  # it has ended
                break
            self.progress = float(said[-_RECORD:])
        return self.progress

    def _why(self, status: int) -> str:
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == _NO_MEMORY:
            return f"It needed more than {self._memory_mb} MB of memory."
        if os.WIFSIGNALED(status):
            if os.WTERMSIG(status) == signal.SIGXCPU:
                return self._too_long()
            name = signal.Signals(os.WTERMSIG(status)).name
            return f"Its process was ended by {name}, perhaps for want of memory: it may take {self._memory_mb} MB."
        return "Its process ended without an answer; what it said stands in the log of `work`."

    def _too_long(self) -> str:
        return f"It took longer than {self._seconds:g} s."


# --- The forked side ---------------------------------------------------------------------

_FAILED, _NO_MEMORY = 1, 2


def _run(call: Callable[[Progress], Any], result: int, said: int, begin: Callable[[], None]) -> NoReturn:
    """Make the call and leave the process, past all that the parent would do at its end."""
    code = _FAILED
    try:
        begin()
        try:
            told = orjson.dumps({"value": call(_reporter(said))}, option=orjson.OPT_SERIALIZE_NUMPY)
        except DomainError as refusal:
            told = orjson.dumps({"error": str(refusal)})
        except MemoryError:
            raise
        except Exception as error:
            logger.exception("A call in a process of its own failed")
            told = orjson.dumps({"error": f"It failed: {type(error).__name__}: {error}"[:1000]})
        with os.fdopen(result, "wb", closefd=False) as file:
            file.write(told)
        connections.close_all()
        code = 0
    except MemoryError:
        code = _NO_MEMORY
    finally:
        os._exit(code)


def _bound(seconds: float, memory_mb: int, parent: int) -> None:
    """Limits, signals as in a fresh process, and an end when the parent's comes."""
    os.nice(NICE)
    for number in (signal.SIGTERM, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent, which ends us
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    cpu_s = math.ceil(seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    statm = Path("/proc/self/statm")
    if statm.exists():  # elsewhere the limit is not kept anyway
        now = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + memory_mb * MB, resource.RLIM_INFINITY))


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(_FAILED)


def _reporter(said: int) -> Progress:
    os.set_blocking(said, False)

    def report(done: float) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody listens now
            os.write(said, f"{min(max(done, 0.0), 1.0):{_RECORD}.6f}".encode())

    return report
