"""``manage.py simulate CONFIG…``: run a simulated world and emit its events."""

import json
import os
import sys
import threading
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

import simulator
from simulator.config import load_config
from simulator.errors import OutputClosedError, SimulatorError
from simulator.simulation import Simulation
from simulator.sinks.base import Overrides
from simulator.stopping import stop_on_signals
from simulator.world.chain import Chain
from simulator.world.graph import FORMATS, draw

PROGRESS_S = 1.0
EXAMPLES = Path(simulator.__file__).parent / "examples"


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < float("inf"):
        raise ArgumentTypeError(f"got '{text}', expected events per second, from 0 on")
    return value


def _count(text: str) -> int:
    if not (text.isdecimal() and len(text) <= 18):
        raise ArgumentTypeError(f"got '{text}', expected a whole number from 0 on")
    return int(text)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"got '{text}', expected ISO 8601, for example 2026-01-31T06:00:00") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _configuration(text: str) -> Path:
    """Return the path ``text``, or the example of that name where there is no such path."""
    example = EXAMPLES / text
    return example if not Path(text).exists() and example.is_dir() else Path(text)


def _drawing(text: str) -> Path:
    path = Path(text)
    if path.suffix.removeprefix(".") not in FORMATS:
        raise ArgumentTypeError(f"got '{text}', expected a file name that ends in .svg or .dot")
    return path


class Command(BaseCommand):
    help = (
        "Run Distributed Event Factory configurations and emit their events. "
        "Ctrl-C ends a run cleanly. Try it: simulate factory --check"
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "config",
            nargs="+",
            type=_configuration,
            metavar="CONFIG",
            help="a file, or a directory of which the *.yaml, *.yml and *.json are read, or the name of an example "
            f"({', '.join(sorted(folder.name for folder in EXAMPLES.iterdir()))}); all add up",
        )
        parser.add_argument("--count", type=_count, metavar="N", help="stop after N events")
        parser.add_argument("--seed", type=int, metavar="N", help="same seed and configuration, same events")
        parser.add_argument("--rate", type=_rate, metavar="R", help="R events per second, whatever the load says")
        parser.add_argument(
            "--start",
            type=_moment,
            metavar="MOMENT",
            help="first simulated moment, ISO 8601, UTC if no zone (default: now)",
        )
        parser.add_argument(
            "--check", action="store_true", help="only check the configuration; nothing is connected to"
        )
        parser.add_argument(
            "--truth",
            type=Path,
            metavar="FILE",
            help="before the run, write as JSON what the configuration says of the log: probabilities, the "
            "directly-follows relation, what is expected per case (with --check: only that)",
        )
        parser.add_argument(
            "--graph",
            type=_drawing,
            metavar="FILE",
            help="before the run, draw the chain into FILE.svg or FILE.dot (with --check: only that)",
        )
        parser.add_argument(
            "--broker", metavar="URL", help="use this broker in every mqtt sink: mqtt://user:password@host:port"
        )
        parser.add_argument("--case-prefix", metavar="TEXT", help="put this before every case in mqtt and log sinks")

    def handle(
        self,
        *,
        config: list[Path],
        count: int | None,
        seed: int | None,
        rate: float | None,
        start: datetime | None,
        check: bool,
        truth: Path | None,
        graph: Path | None,
        broker: str | None,
        case_prefix: str | None,
        **options: Any,
    ) -> None:
        try:
            loaded = load_config(config, overrides=Overrides(broker, case_prefix), counted=count is not None)
            for warning in loaded.warnings:
                self._say(f"warning: {warning}")
            _write_about(loaded.chain, truth, graph)
            if check:
                self.stdout.write(
                    f"no errors; datasources: {len(loaded.chain.datasources)}, sinks: {len(loaded.sinks)}, "
                    f"simulations: {len(loaded.simulations)}"
                )
                return
            simulation = Simulation(loaded, seed=seed, say=self._say)
            with stop_on_signals(simulation.stop), self._progress(simulation):
                simulation.run(count=count, rate=rate, start=start)
        except OutputClosedError:
            _forget_stdout()
        except SimulatorError as error:
            raise CommandError(str(error)) from error
        self._say(f"{simulation.sent:,} events sent")

    def _say(self, text: str) -> None:
        self.stderr.write(text, style_func=str)

    @contextmanager
    def _progress(self, simulation: Simulation) -> Iterator[None]:
        """Total and rate in one line of a terminal, renewed every second; nothing where nobody watches."""
        if not sys.stderr.isatty():
            yield
            return
        done = threading.Event()

        def show() -> None:
            sent, at_s = 0, time.monotonic()
            while not done.wait(PROGRESS_S):
                now, now_s = simulation.sent, time.monotonic()
                self.stderr.write(
                    f"\r{now:,} events, {(now - sent) / (now_s - at_s):,.1f}/s   ", ending="", style_func=str
                )
                self.stderr.flush()
                sent, at_s = now, now_s

        thread = threading.Thread(target=show, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self.stderr.write("\r", ending="", style_func=str)


def _write_about(chain: Chain, truth_file: Path | None, graph_file: Path | None) -> None:
    """Write what is known before anything is simulated."""
    texts: list[tuple[Path, str]] = []
    if truth_file is not None:
        from simulator.world.truth import truth  # needs numpy, which takes its time

        texts.append((truth_file, json.dumps(truth(chain), ensure_ascii=False, indent=1) + "\n"))
    if graph_file is not None:
        texts.append((graph_file, draw(chain, graph_file.suffix.removeprefix("."))))
    for file, text in texts:
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise SimulatorError(f"{file}: cannot be written: {error.strerror or error}") from error


def _forget_stdout() -> None:
    """Nobody reads standard output: let what is still buffered go nowhere, so that leaving says nothing."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
