"""Hints between processes: heard at once, on one machine and over Redis; lost without harm."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from foundation.processes import hints


@pytest.fixture(params=["loopback", "redis"])
def transport(request: pytest.FixtureRequest, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    settings.VAR = tmp_path
    monkeypatch.setattr(hints, "_known", {})
    if request.param == "redis":
        settings.REDIS_URL = request.getfixturevalue("redis_url")
    return str(request.param)


@pytest.mark.usefixtures("transport")
def test_a_listener_hears_the_kinds_it_asked_for() -> None:
    with hints.Listener(hints.EVENTS, hints.SETUP) as listener:
        listener.wait(0.1)  # a subscription at Redis stands once it was waited on
        hints.send(hints.PICTURES, 1)
        hints.send(hints.EVENTS, 7)
        assert listener.wait(5.0) == {(hints.EVENTS, 7)}


@pytest.mark.usefixtures("transport")
def test_without_a_hint_waiting_ends_by_itself() -> None:
    with hints.Listener(hints.EVENTS) as listener:
        assert listener.wait(0.05) == set()


@pytest.mark.usefixtures("transport")
def test_a_hint_that_nobody_hears_is_no_error() -> None:
    hints.send(hints.EVENTS, 1)


def test_redis_out_of_reach_is_no_error(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    hints.send(hints.EVENTS, 1)
    with hints.Listener(hints.EVENTS) as listener:
        assert listener.wait(0.05) == set()


def test_the_file_of_a_reader_that_was_killed_is_cleared_away(settings: Any, tmp_path: Path) -> None:
    settings.VAR = tmp_path
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    folder = tmp_path / "ports" / "hints" / hints.EVENTS
    folder.mkdir(parents=True)
    (folder / "1").write_text(str(gone.pid))
    (folder / "2").write_text(str(os.getpid()))
    with hints.Listener(hints.EVENTS):
        assert not (folder / "1").exists()
        assert (folder / "2").exists()
