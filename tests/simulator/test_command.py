"""``manage.py simulate`` as a person starts it: a process with its output, exit status and signals."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.conftest import free_port, needs, wait_for
from tests.simulator.worlds import COUNTED, MQTT_SINK, SINK, sound_but

Simulate = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]
CONSOLE = SINK.replace("type: test", "type: console")
STREAM = COUNTED.replace("countBased", "stream").replace("steps: 10", "load: {loadBehavior: constant, load: 200}")


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), "simulate"]


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return os.environ | {"PROCMINE_VAR": str(tmp_path_factory.mktemp("var"))}


@pytest.fixture
def simulate(command: list[str], environment: dict[str, str]) -> Simulate:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *map(str, arguments)], capture_output=True, text=True, timeout=30, env=environment, check=False
        )

    return run


def test_events_go_to_standard_output_and_the_total_to_standard_error(tmp_path: Path, simulate: Simulate) -> None:
    folder = sound_but(tmp_path, sink=CONSOLE)
    done = simulate(folder, "--seed", 4, "--start", "2026-01-01T00:00:00", "--count", 7)
    assert (done.returncode, done.stderr) == (0, "7 events sent\n")
    lines = done.stdout.splitlines()
    assert len(lines) == 7
    assert json.loads(lines[0].split(": ", 1)[1])["timestamp"].startswith("2026-01-01 00:0")


def test_check_says_what_there_is_and_connects_to_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("simulate", str(sound_but(tmp_path, sink=MQTT_SINK)), "--check")
    assert capsys.readouterr() == ("no errors; datasources: 2, sinks: 1, simulations: 1\n", "")


def test_a_bad_configuration_exits_with_1_and_lists_its_problems_without_a_traceback(
    tmp_path: Path, simulate: Simulate
) -> None:
    folder = sound_but(tmp_path, sink=CONSOLE.replace("console", "consol"), simulation=COUNTED.replace("10", "x"))
    done = simulate(folder)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert f"{folder}/sink.yaml:5: spec.type: is unknown, got 'consol'" in done.stderr
    assert f"{folder}/simulation.yaml:8: spec.steps: has a wrong value" in done.stderr


def test_a_broker_that_is_no_url_is_told_by_its_option(tmp_path: Path) -> None:
    folder = sound_but(tmp_path, sink=MQTT_SINK)
    with pytest.raises(CommandError, match=r"^--broker: is no URL of a broker"):
        call_command("simulate", str(folder), "--broker", "localhost:1883", "--check")


@pytest.mark.parametrize(
    "option",
    [("--count", "1.5"), ("--count", "9" * 30), ("--rate", "fast"), ("--rate", "inf"), ("--start", "tomorrow")],
)
def test_a_wrong_option_is_refused_by_name(tmp_path: Path, option: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=f"argument {option[0]}: got '{option[1]}', expected "):
        call_command("simulate", str(sound_but(tmp_path)), *option)


def test_a_reader_that_goes_away_ends_the_run_quietly(
    tmp_path: Path, command: list[str], environment: dict[str, str]
) -> None:
    folder = sound_but(tmp_path, sink=CONSOLE, simulation=COUNTED.replace("steps: 10", "steps: 100000000"))
    with subprocess.Popen(
        [*command, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"kept Press: {")
        process.stdout.close()
        said = process.stderr.read().decode()
        assert process.wait(timeout=20) == 0
    assert said.endswith(" events sent\n")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_stream_cleanly(
    tmp_path: Path, command: list[str], environment: dict[str, str], number: signal.Signals
) -> None:
    folder = sound_but(tmp_path, sink=CONSOLE, simulation=STREAM)
    with subprocess.Popen(
        [*command, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.send_signal(number)
        out = process.stdout.read()  # not communicate(), which does not know what readline() has read ahead
        err = process.stderr.read()
        assert process.wait(timeout=20) == 0
    assert err == f"{len(out.splitlines()) + 1:,} events sent\n"


def test_a_broker_that_starts_at_the_same_time_is_waited_for(
    tmp_path: Path, command: list[str], environment: dict[str, str], late_broker: tuple[int, Path]
) -> None:
    port, config = late_broker
    folder = sound_but(tmp_path, sink=MQTT_SINK)
    arguments = [*command, str(folder), "--broker", f"mqtt://127.0.0.1:{port}", "--case-prefix", "x-"]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stderr is not None
        assert "trying again for 10 s" in process.stderr.readline()
        broker = subprocess.Popen([needs("mosquitto"), "-c", str(config)], stderr=subprocess.DEVNULL)
        try:
            assert process.stderr.read() == "10 events sent\n"
            assert process.wait(timeout=10) == 0
        finally:
            broker.kill()
            broker.wait(timeout=5)


@pytest.fixture
def late_broker(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    port = free_port()
    config = tmp_path_factory.mktemp("late") / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    return port, config


def test_progress_is_shown_on_a_terminal_only(tmp_path: Path, command: list[str], environment: dict[str, str]) -> None:
    folder = sound_but(tmp_path, simulation=STREAM)
    ours, theirs = os.openpty()
    shown = b""
    with subprocess.Popen([*command, str(folder)], stderr=theirs, env=environment) as process:
        os.close(theirs)

        def progress() -> bool:
            nonlocal shown
            shown += os.read(ours, 1_000)
            return b"/s" in shown

        wait_for(progress, what="a line of progress")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    os.close(ours)
    assert b" events, " in shown
