"""Simulations started from here: checking a pasted configuration, limits, the process of a run."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from foundation.drawing.layered import TooLargeError
from foundation.errors import DomainError
from simulations.models import Simulation
from simulator.config import Config
from simulator.errors import ConfigError
from simulator.simulation import Simulation as Run
from simulator.world.graph import svg
from streams.models import EventLog

MAX_TEXT = 64 * 1024  # characters of a configuration
MAX_CASES = 10_000  # open at once
MAX_COUNT = 1_000_000
MAX_RATE = 1_000.0  # events per second
MIN_RATE = 0.001
MAX_AT_ONCE = 4  # runs of the whole installation
MAX_DRAWN = 400  # edges of a drawing; more take long and nobody reads them
LABEL = "config"
EXAMPLES = settings.BASE_DIR / "simulator" / "examples"

_processes: dict[int, "subprocess.Popen[bytes]"] = {}
"""The runs that this process started. Their standard input is their lifeline: it is cut when we end, however we do."""


@dataclass(frozen=True)
class Fault:
    """Something wrong with a configuration: line from 1 (None: all of it), and what."""

    line: int | None
    text: str


@dataclass(frozen=True)
class Checked:
    """A configuration as it was found: ``run`` where it has no faults."""

    run: Run | None
    faults: tuple[Fault, ...] = ()
    remarks: tuple[Fault, ...] = ()

    @property
    def drawing(self) -> str:
        """The chain as SVG without colours of its own; nothing where there is no chain, or too large a one."""
        if self.run is None:
            return ""
        chain = self.run.config.chain
        edges = sum(len(source.edges) for source in chain.datasources.values())
        try:
            return svg(chain, styled=False) if edges <= MAX_DRAWN else ""
        except TooLargeError:
            return ""


class TooManyRunsError(DomainError):
    """As many simulations run as may run at once."""

    code, text = "too-many-runs", "{most} simulations run already. Stop one, or wait until one ends."


def check(text: str, *, seed: int | None = None, say: Callable[[str], None] | None = None) -> Checked:
    """Read a pasted configuration. Its sinks are read, so that faults are told, and never used."""
    if len(text) > MAX_TEXT:
        return Checked(None, (Fault(None, f"is longer than {MAX_TEXT // 1024} KiB"),))
    try:
        config = Run().add_text(text, LABEL).config
    except ConfigError as error:
        return Checked(None, tuple(Fault(p.place.line, _without_file(str(p))) for p in error.problems))
    faults = [
        Fault(entry.place.line, f"spec.maxConcurrentCases: got {entry.concurrent_cases}, here at most {MAX_CASES}")
        for entry in config.simulations
        if entry.concurrent_cases > MAX_CASES
    ]
    if faults:
        return Checked(None, tuple(faults))
    remarks = tuple(Fault(p.place.line, _without_file(str(p))) for p in config.warnings)
    used = Config(config.chain, (), config.simulations, ())
    return Checked(Run(used, seed=seed, say=say), (), remarks)


def _without_file(problem: str) -> str:
    """``config:7: spec.name: is missing`` without the file, which there is none of."""
    head, _, rest = problem.partition(": ")
    return rest if head.split(":")[0] in (LABEL, "configuration") else problem


def start(*, config: str, log: EventLog, owner: User, count: int, seed: int | None, rate: float | None) -> Simulation:
    """Begin a run of a checked configuration; raises TooManyRunsError where ``MAX_AT_ONCE`` go on."""
    with transaction.atomic():  # on PostgreSQL two of the same moment may both find the last place free: no harm
        Simulation.objects.all().give_up_lost()
        if Simulation.objects.active().count() >= MAX_AT_ONCE:
            raise TooManyRunsError(most=MAX_AT_ONCE)
        row = Simulation.objects.create(config=config, log=log, owner=owner, count=count, seed=seed, rate=rate)
    try:
        _launch(row)
    except OSError as error:
        row.state, row.error = Simulation.State.FAILED, f"Its process could not be started: {error.strerror or error}."
        row.ended_at = timezone.now()
        row.save(update_fields=["state", "error", "ended_at"])
    return row


def _launch(row: Simulation) -> None:
    for pk in [pk for pk, process in _processes.items() if process.poll() is not None]:
        if (ended := _processes.pop(pk, None)) is not None:  # another thread may tidy too
            ended.communicate()
    _processes[row.pk] = subprocess.Popen(  # noqa: S603  (our own command)
        [sys.executable, "-P", "-m", "foundation.processes.lifeline", "procmine", "run_simulation", str(row.pk)],
        env={**os.environ, **settings.CHILD_ENVIRONMENT},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,  # its errors go where ours go
        start_new_session=True,
    )


def stop(row: Simulation) -> None:
    """Ask a run to end; it does within a second. One that has ended stays as it is."""
    Simulation.objects.active().filter(pk=row.pk).update(stop_asked=True)
    Simulation.objects.all().give_up_lost()


def check_limits(count: int, rate: float | None) -> None:
    """Raise ValidationError, by field, beyond what is allowed."""
    wrong = {}
    if not 1 <= count <= MAX_COUNT:
        wrong["count"] = f"Expected a number from 1 to {MAX_COUNT:,}."
    if rate is not None and not MIN_RATE <= rate <= MAX_RATE:
        wrong["rate"] = f"Expected events per second from {MIN_RATE:g} to {MAX_RATE:,g}, or nothing."
    if wrong:
        raise ValidationError(wrong)


def examples() -> list[str]:
    """Names of the configurations that come with procmine."""
    return sorted(folder.name for folder in EXAMPLES.iterdir() if folder.is_dir())


def example(name: str) -> str:
    """One of them as one text; KeyError for any other name."""
    if name not in examples():
        raise KeyError(name)
    files = sorted((EXAMPLES / name).glob("*.yaml"))
    return "\n---\n".join(f"# {file.name}\n{file.read_text(encoding='utf-8').strip()}" for file in files) + "\n"
