"""The supervisor, over real processes."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from foundation.processes import lifeline
from procmine.serving.supervisor import Child, Supervisor
from tests.procmine.conftest import Running


async def eventually(condition: Callable[[], Any]) -> Any:
    """What ``condition`` returns as soon as it is true."""
    async with asyncio.timeout(20):
        while not (value := condition()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # other processes make it true
    return value


class Watched(Supervisor):
    """A supervisor that remembers what was said."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        super().__init__(lambda role, text: self.said.append((role, text)))

    def add(self, role: str, *arguments: str, grace_s: float = 10.0) -> None:
        self.start(Child(role, lambda: ["tests.procmine.children", *arguments], grace_s))

    async def until(self, role: str, pattern: str, times: int = 1) -> list[str]:
        """What ``role`` said that matches, as soon as there are ``times`` of it."""

        def found() -> list[str]:
            held = [text for who, text in self.said if who == role and re.search(pattern, text)]
            return held if len(held) >= times else []

        matching: list[str] = await eventually(found)
        return matching


def supervised(test: Callable[[Watched], Coroutine[None, None, None]]) -> Callable[[], None]:
    """Run a test with a supervisor whose children end with it."""

    async def whole() -> None:
        supervisor = Watched()
        try:
            await test(supervisor)
        finally:
            supervisor.kill()
            await supervisor.stop()

    def run() -> None:
        asyncio.run(whole())

    run.__name__ = test.__name__
    return run


@supervised
async def test_a_child_that_ends_is_started_again_after_a_pause_that_grows(supervisor: Watched) -> None:
    supervisor.add("one", "crashing")
    ends = await supervisor.until("one", "starting again", times=3)
    assert ends == [f"ended with exit status 3; starting again in {pause} s" for pause in ("0.5", "1", "2")]


@supervised
async def test_a_killed_child_is_told_by_its_signal_and_started_again(supervisor: Watched) -> None:
    supervisor.add("one", "polite", "one")
    await supervisor.until("one", "is up")
    supervisor._processes["one"].kill()
    assert await supervisor.until("one", "starting again") == ["was killed by SIGKILL; starting again in 0.5 s"]
    await supervisor.until("one", "is up", times=2)


@supervised
async def test_children_are_stopped_one_by_one_the_newest_first(supervisor: Watched) -> None:
    for name in ("one", "two", "three"):
        supervisor.add(name, "polite", name)
        await supervisor.until(name, "is up")
    supervisor.said.clear()
    await supervisor.stop()
    assert supervisor.said == [
        line for name in ("three", "two", "one") for line in ((name, "stopping"), (name, f"{name} ends"))
    ]


@supervised
async def test_a_child_that_does_not_end_in_its_time_is_killed(supervisor: Watched) -> None:
    supervisor.add("one", "stubborn", grace_s=0.5)
    await supervisor.until("one", "is up")
    await supervisor.stop()
    assert supervisor.said[-1] == ("one", "did not end within 0.5 s: killed")


@supervised
async def test_kill_cuts_a_stop_short(supervisor: Watched) -> None:
    supervisor.add("one", "stubborn", grace_s=60)
    await supervisor.until("one", "is up")
    stopping = asyncio.create_task(supervisor.stop())
    await supervisor.until("one", "^no$")
    supervisor.kill()
    async with asyncio.timeout(10):
        await stopping


@supervised
async def test_a_stop_does_not_wait_for_the_pause_before_a_restart(supervisor: Watched) -> None:
    supervisor.add("one", "crashing")
    await supervisor.until("one", "starting again in 2 s")
    async with asyncio.timeout(1):
        await supervisor.stop()


@supervised
async def test_what_a_child_leaves_behind_ends_with_it(supervisor: Watched) -> None:
    supervisor.add("one", "parent")
    pid = int((await supervisor.until("one", "^child "))[0].split()[1])
    await supervisor.until("one", "exit status 4")
    await eventually(lambda: not alive(pid))


@supervised
async def test_a_line_that_is_too_long_is_left_out_and_the_next_one_told(supervisor: Watched) -> None:
    supervisor.add("one", "chatty")
    await supervisor.until("one", "after the long line")
    await supervisor.until("one", "left out")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def lifeline_child(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "foundation.processes.lifeline", "tests.procmine.children", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_child_ends_politely_when_its_lifeline_is_cut() -> None:
    with lifeline_child("polite", "it") as process:
        output = Running(process)
        output.said("it is up")
        assert process.stdin is not None
        process.stdin.close()
        assert output.ends(5) == 0
        output.said("it ends")


def test_a_stubborn_child_is_killed_when_its_lifeline_is_cut() -> None:
    with lifeline_child("stubborn") as process:
        output = Running(process)
        output.said("is up")
        assert process.stdin is not None
        process.stdin.close()
        assert output.ends(lifeline.GRACE_S + 10) == -signal.SIGKILL
