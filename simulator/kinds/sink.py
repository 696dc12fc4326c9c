"""``kind: sink``: the common fields; each type's own are read in ``simulator/sinks``."""

from typing import NamedTuple

from simulator.kinds import OBJECT_CENTRIC
from simulator.reading.fields import Fields, plain
from simulator.reading.problems import Place
from simulator.sinks import SINKS
from simulator.sinks.base import Overrides, Sink, SinkHead

# "loadtest" is how DEF's README and later revisions call the timeframe form of http.
ALIASES = {"loadtest": "http", "laodtest": "http"}
SUFFIX = "-sink"


class SinkEntry(NamedTuple):
    """A sink and what it wants: the nodes in ``refs``, or everything (None)."""

    name: str
    place: Place
    refs: frozenset[str] | None
    sink: Sink


def read_sink(name: str, spec: Fields, overrides: Overrides) -> SinkEntry | None:
    """Read ``spec``; None where it is no sink we can make, which is reported."""
    sinks = SINKS.load()
    head = SinkHead(name, spec.text("id", default=name))
    refs = _refs(spec)
    entry = spec.entry("type")
    if entry and plain(str(entry.node.value)).removesuffix("sink") == "ocel":
        spec.error("type", f"'ocel' {OBJECT_CENTRIC}")
        spec.ignore(*spec.names)
        return None
    type_name = spec.choice("type", known={name: name for name in sinks} | ALIASES, suffix=SUFFIX)
    if type_name is None:
        spec.ignore(*spec.names)
        return None
    return SinkEntry(name, spec.place, refs, sinks[type_name](spec, head, overrides))


def _refs(spec: Fields) -> frozenset[str]:
    refs: set[str] = set()
    for ref, place in spec.texts("dataSourceRefs"):
        if ref in refs:
            spec.problems.warn(place, f"'{ref}' is listed twice, its events are sent once")
        refs.add(ref)
    return frozenset(refs)
