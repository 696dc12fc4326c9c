"""A live log as plain data and back: what a checkpoint holds."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from models_mining.core.counting.abstraction import Abstraction, Edge, change
from models_mining.core.counting.bulk import collector_paused
from models_mining.core.counting.lossy import LossySteps
from models_mining.core.counting.pairs import PairMoments, Profile
from models_mining.core.counting.prefix_tree import Node
from models_mining.core.counting.sketch import Sketch
from models_mining.core.live_log.cases import Beyond, Case

if TYPE_CHECKING:
    from models_mining.core.live_log.live_log import LiveLog

VERSION = 3


class StateError(ValueError):
    """This is not the state of a live log, or one of a version this program does not know."""


def dump(log: "LiveLog") -> dict[str, Any]:
    """The state of ``log``.

    Columns instead of records, activities by number, nodes after their parents: compact, and read in one pass.
    Nothing is kept that follows from the rest (ends, how many stand at a node or pass it).
    Sums are decimal strings, since a sum of squares outgrows 64 bits.
    """
    numbers = log.numbers
    places: dict[Node, int] = {log.tree.root: 0}
    parents, activities, closed = [], [], []
    for place, node in enumerate(log.tree.walk(), start=1):
        places[node] = place
        parents.append(places[node.parent])  # type: ignore[index]  # only the root has none, and is not walked
        activities.append(numbers[node.activity])
        closed.append(node.closed)
    cases = log.cases.values()
    return {
        "version": VERSION,
        "settings": {
            "end_activities": sorted(log.end_activities),
            "idle_close_us": log.idle.idle_us,
            "track_closed": log.closed is not None,
            "track_pairs": log.track_pairs,
            "memory_cases": log.memory.cases,
            "memory_us": log.memory.last_us,
            "max_nodes": log.tree.max_nodes,
            "max_depth": log.tree.max_depth,
        },
        "seq": log.seq,
        "forgotten": log.forgotten,
        "left": log.memory.left,
        "newest_received_us": str(log.newest_received_us),
        "activities": list(numbers),
        "tree": {"parent": parents, "activity": activities, "closed": closed},
        "cases": {
            "name": list(log.cases),
            "node": [-1 if case.node is None else places[case.node] for case in cases],
            "beyond": [
                [numbers.get(case.before, -1), numbers[case.activity], case.length]
                for case in cases
                if case.node is None
            ],
            "started_at_us": [case.started_at_us for case in cases],
            "last_at_us": [case.last_at_us for case in cases],
            "received_at_us": [case.received_at_us for case in cases],
            "seq": [case.seq for case in cases],
            "closed": [int(case.closed) for case in cases],
            "profile": [_dump_profile(case.profile, numbers) for case in cases if case.profile is not None],
        },
        "lossy": [counts.to_state(numbers) for counts in log.lossy.values()],
        "all": _dump_counts(log.all, numbers, track_pairs=log.track_pairs),
        "closed": None if log.closed is None else _dump_counts(log.closed, numbers, track_pairs=log.track_pairs),
    }


def load(kind: "type[LiveLog]", data: Mapping[str, Any]) -> "LiveLog":
    """The log whose state ``data`` is; a StateError for anything else."""
    version = data.get("version") if isinstance(data, Mapping) else None
    if version != VERSION:
        raise StateError(f"version {version!r} of a state is unknown, {VERSION} is known")
    try:
        with collector_paused():
            return _load(kind, data)
    except StateError:
        raise
    except (AttributeError, LookupError, StopIteration, TypeError, ValueError) as error:
        raise StateError(f"this is not the state of a live log: {error!r}") from error


def _load(kind: "type[LiveLog]", data: Mapping[str, Any]) -> "LiveLog":
    names = data["activities"]
    log = kind(**data["settings"], activities=names)
    _load_counts(log.all, data["all"], names)
    if log.closed is not None:
        _load_counts(log.closed, data["closed"], names)
    log.seq = data["seq"]
    log.forgotten = data["forgotten"]
    log.memory.left = data["left"]
    log.newest_received_us = int(data["newest_received_us"])
    for state in data["lossy"]:
        log.lossy[state["epsilon"]] = LossySteps.from_state(state, names)
    nodes = _load_tree(log, data["tree"], names)
    _load_cases(log, data["cases"], nodes, names)
    _count_passes(nodes)
    return log


def _dump_counts(counts: Abstraction, numbers: Mapping[str, int], *, track_pairs: bool) -> dict[str, Any]:
    edges = counts.directly_follows
    return {
        "starts": [[numbers[activity], count] for activity, count in counts.starts.items()],
        "edges": [
            [
                numbers[a],
                numbers[b],
                edge.count,
                str(edge.sum_us),
                str(edge.squares_us2),
                list(edge.sketch.buckets),
                list(edge.sketch.buckets.values()),
            ]
            for (a, b), edge in edges.items()
        ],
        "triples": [[numbers[a], numbers[b], numbers[c], tally.count] for (a, b, c), tally in counts.triples.items()],
        "pairs": [
            [numbers[a], numbers[b], moments.count, str(moments.sum_us), str(moments.squares_us2)]
            for (a, b), moments in (counts.pairs if track_pairs else {}).items()
        ],
    }


def _dump_profile(profile: Profile, numbers: Mapping[str, int]) -> list[Any]:
    """The base, then four values for each activity."""
    values: list[Any] = [profile.base_us]
    for activity, (n, total, squares) in profile.moments.items():
        values += (numbers[activity], n, str(total), str(squares))
    return values


def _load_profile(values: list[Any], names: list[str]) -> Profile:
    profile = Profile(values[0])
    columns = (values[start::4] for start in range(1, 5))
    for activity, n, total, squares in zip(*columns, strict=True):
        profile.moments[names[activity]] = (n, int(total), int(squares))
    return profile


def _load_counts(counts: Abstraction, data: Mapping[str, Any], names: list[str]) -> None:
    counts.starts = {names[number]: count for number, count in data["starts"]}
    for a, b, count, sum_us, squares_us2, buckets, bucket_counts in data["edges"]:
        sketch = Sketch(dict(zip(buckets, bucket_counts, strict=True)))
        counts.edge(names[a], names[b]).merge(Edge(count, int(sum_us), int(squares_us2), sketch))
    for a, b, c, count in data["triples"]:
        counts.triple(names[a], names[b], names[c]).count = count
    for a, b, count, sum_us, squares_us2 in data["pairs"]:
        counts.pairs[names[a], names[b]] = PairMoments(count, int(sum_us), int(squares_us2))


def _load_tree(log: "LiveLog", data: Mapping[str, Any], names: list[str]) -> list[Node]:
    """The nodes by their places, the root first."""
    grow = log.tree.grow
    nodes = [log.tree.root]
    closed_at = log.standing.closed_at
    for parent, activity, closed in zip(data["parent"], data["activity"], data["closed"], strict=True):
        if parent < 0:
            raise StateError("a node's parent is not a place in the tree")
        node = grow(nodes[parent], names[activity])
        nodes.append(node)
        if closed:
            node.closed = closed
            change(closed_at, node.activity, closed)
    return nodes


def _load_cases(log: "LiveLog", data: Mapping[str, Any], nodes: list[Node], names: list[str]) -> None:
    """The cases, the open ones counted where they stand (closed ones are known already)."""
    beyond = iter(data["beyond"])
    profiles = iter(data["profile"])
    columns = ("name", "node", "started_at_us", "last_at_us", "received_at_us", "seq", "closed")
    for name, place, started_at_us, last_at_us, received_at_us, seq, closed in zip(
        *(data[column] for column in columns), strict=True
    ):
        node = None if place < 0 else nodes[place]
        case = log.cases[name] = Case(node, started_at_us, received_at_us, seq)
        case.last_at_us = last_at_us
        case.closed = bool(closed)
        if log.track_pairs:
            case.profile = _load_profile(next(profiles), names)
        if node is None:
            before, last, length = next(beyond)
            last_activity = names[last]
            case.beyond = Beyond("" if before < 0 else names[before], last_activity, length)
            log.standing.beyond += 1
            if case.closed:
                change(log.standing.closed_at, last_activity, 1)
        elif not case.closed:
            node.passes += 1
        log.memory.watch(name, case)
        if not case.closed:
            log.idle.add(name, case)


def _count_passes(nodes: list[Node]) -> None:
    """As many cases pass a node as stand there or have gone on; children come after their parents."""
    for node in reversed(nodes):
        node.passes += node.closed  # and the open cases that stand here
        if node.parent is not None:
            if not node.passes:
                raise StateError("the tree has a node that no case passes")
            node.parent.passes += node.passes
    nodes[0].passes = 0  # the empty prefix is not counted
