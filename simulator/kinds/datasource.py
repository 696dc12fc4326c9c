"""``kind: datasource``: a vertex of the chain with its edges."""

from typing import NamedTuple

import yaml

from simulator.kinds import OBJECT_CENTRIC
from simulator.reading.fields import Entry, Fields, plain
from simulator.reading.problems import Place
from simulator.world.chain import (
    START,
    ConstantDuration,
    DriftingProbability,
    Duration,
    GaussianDuration,
    GenericProbability,
    Ordered,
    Selection,
    Uniform,
    UniformDuration,
)

SELECTIONS = ("genericProbability", "driftingProbability", "uniform", "ordered")
DURATIONS = {"constant": "constant", "static": "constant", "uniform": "uniform", "gaussian": "gaussian"}
SUM_TOLERANCE = 1e-6
MAX_MINUTES = 1e15  # two billion years: no calendar goes so far, and sums stay finite


class EdgeDraft(NamedTuple):
    """An edge as its file has it; ``target`` is not looked up yet."""

    target_place: Place
    activity: str
    target: str
    duration: Duration


class DatasourceDraft(NamedTuple):
    """A datasource as its file has it."""

    name: str
    node: str
    place: Place
    group: str
    selection: Selection
    edges: tuple[EdgeDraft, ...]


def read_datasource(name: str, spec: Fields) -> DatasourceDraft | None:
    """Read ``spec``; None where it belongs to a mode we do not have, which is reported."""
    type_entry = spec.entry("type")
    if type_entry and plain(str(type_entry.node.value)) != "default":
        spec.error("type", f"'{type_entry.node.value}' {OBJECT_CENTRIC}")
        spec.ignore(*spec.names)
        return None
    node = spec.text("name")
    if node and node != name:
        spec.problems.warn(spec.place, f"the datasource is named '{name}' outside and '{node}' here")
    group = spec.text("group", "groupId", default="")
    if spec.entry("group", "groupId") is None:
        spec.problems.warn(spec.place, "has no group, events carry an empty one")
    expected = "a list of edges, each with activity, transition, duration"
    entries = spec.items("eventData", expected)
    if entries == []:
        spec.error("eventData", f"datasource '{name}' has no edge, expected at least one")
    edges = [_read_edge(entry, spec, at_start=name == START) for entry in entries or []]
    selection = _read_selection(name, spec, None if entries is None else len(entries))
    return DatasourceDraft(name, node or name, spec.place, group, selection, tuple(e for e in edges if e is not None))


def _read_edge(entry: Entry, spec: Fields, *, at_start: bool) -> EdgeDraft | None:
    fields = spec.section_of(entry)
    if fields is None:
        return None
    fields.ignore("type")
    target = fields.text("transition", expected="text, the name of a datasource or '<end>'")
    target_entry = fields.entry("transition")
    target_place = target_entry.place if target_entry else entry.place
    if at_start:  # a choice there makes no event: only the target counts
        fields.ignore("activity", "duration")
        return EdgeDraft(target_place, "", target, ConstantDuration(0))
    activity = fields.text("activity")
    activity_entry = fields.entry("activity")
    if activity_entry and isinstance(activity_entry.node, yaml.ScalarNode) and not activity_entry.node.value:
        spec.problems.warn(activity_entry.place, "is empty, the events of this edge have no name")
    return EdgeDraft(target_place, activity, target, _read_duration(fields))


def _read_duration(edge: Fields) -> Duration:
    entry = edge.entry("duration")
    if entry is None or not isinstance(entry.node, yaml.MappingNode):
        return ConstantDuration(_minutes(edge, "duration", minimum=0))
    fields = edge.section_of(entry)
    kind = fields.choice("type", known=DURATIONS) if fields else None
    if fields is None or kind is None:
        if fields:
            fields.ignore(*fields.names)
        return ConstantDuration(0)
    if kind == "uniform":
        lower, upper = _minutes(fields, "lowerBound"), _minutes(fields, "upperBound")
        if lower > upper:
            fields.error("lowerBound", f"is above upperBound, got {lower:g} and {upper:g}, expected at most {upper:g}")
        return UniformDuration(lower, upper)
    if kind == "gaussian":
        return GaussianDuration(_minutes(fields, "mu"), _minutes(fields, "sigma", minimum=0))
    return ConstantDuration(_minutes(fields, "duration", minimum=0))


def _minutes(fields: Fields, name: str, *, minimum: float | None = None) -> float:
    value = fields.number(name, minimum=minimum)
    if abs(value) > MAX_MINUTES:
        fields.error(name, f"has a wrong value, got {value:g}, expected minutes up to {MAX_MINUTES:g}")
    return value


def _read_selection(name: str, spec: Fields, edges: int | None) -> Selection:
    entry = spec.entry("selection")
    if entry and plain(str(entry.node.value)) == "parallel":
        spec.error("selection", f"'parallel' {OBJECT_CENTRIC}, expected one of {', '.join(SELECTIONS)}")
        spec.ignore(*spec.names)
        return Ordered(0)
    kind = spec.choice("selection", known=SELECTIONS)
    if kind == "genericProbability":
        weights = _read_weights(name, spec, "distribution", edges)
        return GenericProbability(weights or ())
    if kind == "driftingProbability":
        start = _read_weights(name, spec, "startDistribution", edges)
        end = _read_weights(name, spec, "endDistribution", edges)
        return DriftingProbability(start or (), end or (), spec.whole("steps", minimum=1))
    if kind == "uniform":
        spec.ignore("distribution")
        return Uniform(edges or 0)
    spec.ignore("distribution", "startDistribution", "endDistribution", "steps")
    return Ordered(edges or 0)


def _read_weights(name: str, spec: Fields, field: str, edges: int | None) -> tuple[float, ...] | None:
    """Probabilities that add up to 1, exactly; None: a problem, and reported."""
    weights = spec.numbers(field, "a list of probabilities, one for each edge")
    if weights is None or edges is None:
        return None
    datasource = f"datasource '{name}'"
    if len(weights) != edges:
        spec.error(field, f"{datasource}: got {len(weights)} probabilities for {edges} edges, expected {edges}")
        return None
    total = sum(weights)
    if edges and abs(total - 1) > SUM_TOLERANCE:
        spec.error(field, f"{datasource}: the probabilities do not add up, got a sum of {total:.8g}, expected 1")
        return None
    return tuple(weight / total for weight in weights)
