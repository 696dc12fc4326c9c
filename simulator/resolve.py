"""Datasources that refer to one another by name → a chain in which every reference holds."""

from collections.abc import Iterable

from simulator.kinds.datasource import DatasourceDraft
from simulator.reading.problems import Place, Problems, nearest
from simulator.world.chain import END, START, Chain, Datasource, Edge


def build_chain(drafts: list[DatasourceDraft], problems: Problems, *, complete: bool) -> Chain | None:
    """The chain; None where a reference does not hold, which is reported.

    ``complete``: everything that was to be read could be read, so what is not there is missing.
    """
    before = len(problems.errors)
    _check_names(drafts, problems)
    by_name = {draft.name: draft for draft in drafts}
    if START not in by_name and complete:
        problems.error(
            Place("configuration"), f"there is no datasource '{START}' where cases begin, expected one of that name"
        )
    datasources = {
        name: Datasource(name, draft.node, draft.group, draft.selection, _edges(draft, drafts, problems))
        for name, draft in by_name.items()
    }
    if problems.errors[before:] or not complete or START not in by_name:
        return None
    chain = Chain(datasources)
    places = {name: draft.place for name, draft in by_name.items()}
    _warn_never_reached(chain, places, problems)
    _warn_stuck(chain, places, problems)
    return chain


def _check_names(drafts: Iterable[DatasourceDraft], problems: Problems) -> None:
    names: dict[str, Place] = {}
    nodes: dict[str, Place] = {}
    for draft in drafts:
        if END in (draft.name, draft.node):
            problems.error(draft.place, f"'{END}' is built in, expected no datasource of that name")
        if START in (draft.name, draft.node) and draft.name != draft.node:
            problems.error(draft.place, f"got the names '{draft.name}' and '{draft.node}', expected '{START}' for both")
        if (other := names.get(draft.name)) is not None:
            problems.error(draft.place, f"a datasource '{draft.name}' is in {other.line_only} already")
        elif (other := nodes.get(draft.node)) is not None:
            problems.error(draft.place, f"a datasource with spec.name '{draft.node}' is in {other.line_only} already")
        names.setdefault(draft.name, draft.place)
        nodes.setdefault(draft.node, draft.place)


def _edges(draft: DatasourceDraft, drafts: list[DatasourceDraft], problems: Problems) -> tuple[Edge, ...]:
    by_name = {other.name: other.name for other in drafts}
    known = {other.node: other.name for other in drafts} | by_name | {END: END}
    edges = []
    for number, edge in enumerate(draft.edges, start=1):
        target = known.get(edge.target)
        place = edge.target_place
        if draft.name == START and edge.target in (START, END):
            problems.error(place, f"leads from '{START}' to '{edge.target}', expected a datasource where events happen")
        elif target is None and edge.target:
            problems.error(
                place,
                f"datasource '{draft.name}', edge {number} ('{edge.activity}') leads to a datasource that is not "
                f"loaded, got '{edge.target}', expected one of the loaded ones{nearest(edge.target, known)}",
            )
        edges.append(Edge(edge.activity, target or edge.target, edge.duration))
    return tuple(edges)


def _warn_never_reached(chain: Chain, places: dict[str, Place], problems: Problems) -> None:
    reached = chain.reachable(START)
    for name, place in places.items():
        if name not in reached:
            problems.warn(place, f"the datasource '{name}' is never reached from '{START}'")


def _warn_stuck(chain: Chain, places: dict[str, Place], problems: Problems) -> None:
    """Warn about rings that a case enters, never leaves, and in which no time passes."""
    told: set[str] = set()
    for name in sorted(chain.reachable(START) - {START, END}):
        ring = chain.reachable(name)
        if told & ring or END in ring or name in told:
            continue
        edges = [edge for member in ring - {START} for edge in chain.datasources[member].taken_edges]
        if all(edge.duration.always_zero for edge in edges):
            told |= ring
            problems.warn(
                places[name], f"a case at '{name}' never ends and takes no time: endless events at one moment"
            )
