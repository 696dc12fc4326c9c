"""Configuration files → a checked configuration, or one ConfigError that lists everything wrong with them.

Nothing is connected to and no event is made here.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from simulator.errors import ConfigError
from simulator.kinds import OBJECT_CENTRIC
from simulator.kinds.datasource import DatasourceDraft, read_datasource
from simulator.kinds.simulation import SimulationDraft, SimulationEntry, read_process_simulator, read_simulation
from simulator.kinds.sink import SinkEntry, read_sink
from simulator.reading.documents import Document, documents_in, find_files, line_of, read_documents
from simulator.reading.fields import Fields
from simulator.reading.problems import Place, Problem, Problems, listed
from simulator.resolve import build_chain
from simulator.sinks.base import Overrides
from simulator.timeframes import check_timeframes
from simulator.world.chain import START, Chain

KINDS = ("datasource", "sink", "simulation", "processSimulator")
OBJECT_CENTRIC_KINDS = ("object", "stock", "route")


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that was loaded, checked; simulations and sinks in loading order."""

    chain: Chain
    sinks: tuple[SinkEntry, ...]
    simulations: tuple[SimulationEntry, ...]
    warnings: tuple[Problem, ...]


@dataclass(slots=True)
class _Drafts:
    """What the documents hold, before references between them are looked up."""

    datasources: list[DatasourceDraft] = field(default_factory=list)
    sinks: list[SinkEntry] = field(default_factory=list)
    simulations: list[SimulationDraft] = field(default_factory=list)
    concurrent_cases: list[int] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)  # documents of each kind, sound or not


def load_config(
    paths: Iterable[Path | str],
    *,
    texts: Iterable[tuple[str, str]] = (),
    overrides: Overrides | None = None,
    sinks_follow: bool = False,
    counted: bool = False,
) -> Config:
    """Read files and directories; raises ConfigError with every problem of all of them.

    ``texts`` are read after the files: each a label, which stands where a problem names its file, and YAML.
    ``sinks_follow``: sinks will be added by the caller, so none in the files is no problem. ``counted``: the run
    is given an end, so a simulation that never ends may stand before others.
    """
    problems = Problems()
    files = find_files([Path(path) for path in paths], problems)
    documents = [document for file in files for document in read_documents(file, problems)]
    documents += [document for label, text in texts for document in documents_in(text, label, problems)]
    drafts = _Drafts()
    for document in documents:
        _read_document(document, drafts, overrides or Overrides(), problems)
    complete = not problems.errors  # a file that could not be read may hold what seems to be missing
    chain = build_chain(drafts.datasources, problems, complete=complete)
    _check_names(drafts, problems)
    _check_refs(drafts, problems)
    if documents:
        _check_presence(drafts, problems, sinks_follow=sinks_follow)
    simulations = _finished(drafts)
    check_timeframes(drafts.sinks, simulations, problems)
    if not counted:
        check_order(simulations, problems)
    if problems.errors or chain is None:
        raise ConfigError(problems.errors)
    return Config(chain, tuple(drafts.sinks), simulations, tuple(problems.warnings))


def _read_document(document: Document, drafts: _Drafts, overrides: Overrides, problems: Problems) -> None:
    place = Place(document.file, line_of(document.root))
    fields = Fields(document.root, place, problems)
    if "kind" not in fields.names and "dataSourceTopology" in fields.names:
        problems.error(
            place, "is in the single-file format of DEF 0.1, expected one document each with kind, name, spec"
        )
        return
    if (kind := _kind(fields)) is None:
        fields.ignore("name", "spec")
        return
    drafts.kinds[kind] += 1
    name = fields.text("name")
    spec = fields.section("spec")
    if spec is not None:
        _read_spec(kind, name, spec, drafts, overrides)
    fields.finish()


def _kind(fields: Fields) -> str | None:
    entry = fields.entry("kind")
    if entry and entry.node.value in OBJECT_CENTRIC_KINDS:
        fields.error("kind", f"'{entry.node.value}' {OBJECT_CENTRIC}, expected one of {listed(KINDS)}")
        return None
    return fields.choice("kind", known=KINDS)


def _read_spec(kind: str, name: str, spec: Fields, drafts: _Drafts, overrides: Overrides) -> None:
    if kind == "datasource":
        if (datasource := read_datasource(name, spec)) is not None:
            drafts.datasources.append(datasource)
    elif kind == "sink":
        if (sink := read_sink(name, spec, overrides)) is not None:
            drafts.sinks.append(sink)
    elif kind == "simulation":
        drafts.simulations.append(read_simulation(name, spec))
    elif (concurrent_cases := read_process_simulator(spec)) is not None:
        drafts.concurrent_cases.append(concurrent_cases)


def _finished(drafts: _Drafts) -> tuple[SimulationEntry, ...]:
    default = drafts.concurrent_cases[0] if drafts.concurrent_cases else 1
    return tuple(
        SimulationEntry(draft.name, draft.place, draft.mode, draft.max_concurrent_cases or default)
        for draft in drafts.simulations
        if draft.mode is not None
    )


def _check_names(drafts: _Drafts, problems: Problems) -> None:
    first: dict[str, Place] = {}
    for draft in drafts.simulations:
        if draft.name and draft.name in first:
            problems.error(draft.place, f"a simulation '{draft.name}' is in {first[draft.name].line_only} already")
        first.setdefault(draft.name, draft.place)
    sinks: dict[str, Place] = {}
    for sink in drafts.sinks:
        if sink.name in sinks:
            problems.warn(sink.place, f"a sink '{sink.name}' is in {sinks[sink.name].line_only} already, both are used")
        sinks.setdefault(sink.name, sink.place)


def _check_refs(drafts: _Drafts, problems: Problems) -> None:
    nodes = {draft.node for draft in drafts.datasources}
    for sink in drafts.sinks:
        absent = (sink.refs or frozenset()) - nodes
        if absent and nodes:
            problems.warn(sink.place, f"dataSourceRefs names datasources that are not loaded: {listed(absent)}")


def _check_presence(drafts: _Drafts, problems: Problems, *, sinks_follow: bool) -> None:
    """What must be there at all. A document that is there and wrong is not missing."""
    nowhere = Place("configuration")
    if not drafts.kinds["simulation"]:
        problems.error(nowhere, "there is no simulation, expected a file with 'kind: simulation'")
    if not drafts.kinds["sink"] and not sinks_follow:
        problems.error(nowhere, "there is no sink, expected a file with 'kind: sink', for example of type console")
    if drafts.kinds["datasource"] == sum(draft.name == START for draft in drafts.datasources):
        problems.error(nowhere, f"there is no datasource besides '{START}', expected a file with 'kind: datasource'")


def check_order(simulations: Iterable[SimulationEntry], problems: Problems) -> None:
    """Nothing may wait behind a simulation that never ends."""
    endless: SimulationEntry | None = None
    for entry in simulations:
        if endless is not None:
            problems.error(
                entry.place,
                f"the simulation '{entry.name}' would never run: '{endless.name}' in {endless.place.line_only} "
                "comes before it and never ends, expected an end by --count",
            )
        elif entry.mode.endless:
            endless = entry
