"""``kind: sink``: the common fields; each type's own are read in ``simulator/sinks``."""

from typing import NamedTuple

from simulator.kinds import OBJECT_CENTRIC
from simulator.reading.fields import Fields, plain
from simulator.reading.problems import Place, listed
from simulator.sinks import SINKS
from simulator.sinks.base import Overrides, Sink, SinkHead

NOT_BUILT = {"kafka"}
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
    sinks = SINKS.all()
    head = SinkHead(name, spec.text("id", default=name))
    refs = _refs(spec)
    entry = spec.entry("type")
    if entry and plain(str(entry.node.value)).removesuffix("sink") == "ocel":
        spec.error("type", f"'ocel' {OBJECT_CENTRIC}")
        spec.ignore(*spec.names)
        return None
    type_name = spec.choice("type", known={n: n for n in (*sinks, *NOT_BUILT)} | ALIASES, suffix=SUFFIX, offered=sinks)
    if type_name is None or type_name not in sinks:
        if type_name is not None:
            spec.error("type", f"'{type_name}' is not supported by this version, expected one of {listed(sinks)}")
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
