"""``kind: simulation`` and the part of ``kind: processSimulator`` that fills it up."""

from typing import NamedTuple

from simulator.kinds import OBJECT_CENTRIC
from simulator.modes import MODES
from simulator.modes.base import Mode
from simulator.reading.fields import Fields, plain
from simulator.reading.problems import Place

ALIASES = {"laodTest": "loadTest"}  # DEF's README spells it so
CASE_IDS = {"increasing": "increasing", "incresing": "increasing"}


class SimulationDraft(NamedTuple):
    """A simulation as its file has it; ``max_concurrent_cases`` None: not given."""

    name: str
    place: Place
    mode: Mode | None
    max_concurrent_cases: int | None


class SimulationEntry(NamedTuple):
    """One simulation that can be run."""

    name: str
    place: Place
    mode: Mode
    concurrent_cases: int


def read_simulation(name: str, spec: Fields) -> SimulationDraft:
    """Read ``spec``; ``mode`` is None where it cannot be run, which is reported."""
    spec.choice("caseId", known=CASE_IDS, default="increasing")
    return SimulationDraft(name, spec.place, _read_mode(spec), _concurrent_cases(spec))


def _read_mode(spec: Fields) -> Mode | None:
    modes = MODES.load()
    known = {name: name for name in modes} | ALIASES
    type_name = spec.choice("type", known=known)
    if type_name is None:
        spec.ignore("load", "steps", "genTimeframesTilStart", "timeframe")  # whose they are depends on the type
        return None
    return modes[type_name](spec)


def _concurrent_cases(spec: Fields) -> int | None:
    return spec.whole("maxConcurrentCases", minimum=1) if spec.entry("maxConcurrentCases") else None


def read_process_simulator(spec: Fields) -> int | None:
    """The ``maxConcurrentCases`` for simulations that give none; None: nothing given.

    Later revisions of DEF keep it, and ``caseId``, in a file of its own.
    """
    entry = spec.entry("type")
    type_name = spec.text("type", default="def")
    if plain(type_name) != "def":
        where = entry.place if entry else spec.place
        spec.problems.error(where, f"'{type_name}' {OBJECT_CENTRIC}, expected 'def'")
        spec.ignore(*spec.names)
        return None
    spec.choice("caseId", known=CASE_IDS, default="increasing")
    return _concurrent_cases(spec)
