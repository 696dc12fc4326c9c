"""Child processes: start, watch, restart, stop.

Each child runs in its own session, so that Ctrl-C in the terminal reaches the supervisor alone, which then stops one
child after the other. Each child hangs on a lifeline (`foundation.processes.lifeline`): it ends when the supervisor is
gone.
"""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import STDOUT, Process
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from procmine.location import CHILD_ENVIRONMENT

FIRST_PAUSE_S = 0.5  # before the first restart; each further one waits twice as long
LONGEST_PAUSE_S = 30.0
STEADY_S = 20.0  # a child that lasted so long is well again: its next pause is the first one
LONGEST_LINE = 2**20  # bytes of a child's output

Say = Callable[[str, str], None]


@dataclass(frozen=True)
class Child:
    """A process to keep running.

    ``command`` makes module and arguments, anew for every start. ``grace_s`` is how long the child may take to end
    after SIGTERM. ``pass_fds`` are open files it inherits.
    """

    role: str
    command: Callable[[], Sequence[str]]
    grace_s: float = 10.0
    pass_fds: tuple[int, ...] = ()


class Supervisor:
    """Keeps children running until `stop`. What happens, and what the children print, goes to ``say(role, line)``."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._kept: list[tuple[Child, asyncio.Task[None]]] = []
        self._processes: dict[str, Process] = {}
        self._ending = asyncio.Event()
        self._killed = False

    def start(self, child: Child) -> None:
        """Start ``child`` and keep it running."""
        self._kept.append((child, asyncio.create_task(self._keep(child), name=child.role)))

    async def stop(self) -> None:
        """End the children one by one, the newest first; who does not end in time is killed."""
        self._ending.set()
        for child, task in reversed(self._kept):
            process = self._processes.get(child.role)
            if process is not None and not self._killed:
                self._say(child.role, "stopping")
                self._signal(process, signal.SIGTERM)
            _, late = await asyncio.wait({task}, timeout=child.grace_s)
            if late:
                self._say(child.role, f"did not end within {child.grace_s:g} s: killed")
                process = self._processes.get(child.role)
                if process is not None:
                    self._kill(process)
            await task

    def kill(self) -> None:
        """End all children at once, without letting them finish."""
        self._ending.set()
        self._killed = True
        for process in self._processes.values():
            self._kill(process)

    async def _keep(self, child: Child) -> None:
        pause_s = FIRST_PAUSE_S
        clock = asyncio.get_running_loop().time
        while not self._ending.is_set():
            started = clock()
            try:
                how = await self._run(child)
            except OSError as error:  # no memory, no more processes
                how = f"could not be started: {error}"
            if self._ending.is_set():
                return
            if clock() - started >= STEADY_S:
                pause_s = FIRST_PAUSE_S
            self._say(child.role, f"{how}; starting again in {pause_s:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _run(self, child: Child) -> str:
        """One life of a child; how it ended, in words."""
        # Pipes of our own: asyncio's would hold up `wait` for as long as something the child left behind has them open.
        lifeline, lifeline_end = os.pipe()
        output, output_end = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "foundation.processes.lifeline", *child.command()),
                env={**os.environ, **CHILD_ENVIRONMENT, "PYTHONUNBUFFERED": "1"},
                stdin=lifeline,
                stdout=output_end,
                stderr=STDOUT,
                start_new_session=True,
                pass_fds=child.pass_fds,
            )
        finally:
            os.close(lifeline)
            os.close(output_end)
        self._processes[child.role] = process
        if self._ending.is_set():  # stopped while it was being started
            self._signal(process, signal.SIGKILL if self._killed else signal.SIGTERM)
        relay = asyncio.create_task(self._relay(child.role, output))
        code = await process.wait()
        self._kill(process)  # what it left behind in its session
        os.close(lifeline_end)
        await asyncio.wait({relay}, timeout=1)  # longer only if something outside the session holds the pipe
        relay.cancel()
        del self._processes[child.role]
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"

    async def _relay(self, role: str, output: int) -> None:
        reader = asyncio.StreamReader(limit=LONGEST_LINE)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(output, "rb", buffering=0)
        )
        with contextlib.closing(transport):
            while not reader.at_eof():
                try:
                    line = await reader.readline()
                except ValueError:  # longer than LONGEST_LINE, and skipped
                    self._say(role, f"(left out: a line of more than {LONGEST_LINE} bytes)")
                    continue
                if line:
                    self._say(role, line.decode(errors="replace").rstrip())

    @staticmethod
    def _signal(process: Process, signal_: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal_)

    @staticmethod
    def _kill(process: Process) -> None:
        """Kill the child's whole session."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
