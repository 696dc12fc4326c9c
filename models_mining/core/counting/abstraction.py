"""Counts that models are derived from: who starts, who ends, what follows what and after how long."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from models_mining.core.counting import pairs
from models_mining.core.counting.edge import Durations as Durations
from models_mining.core.counting.edge import Edge as Edge
from models_mining.core.counting.pairs import Pair as Pair
from models_mining.core.counting.pairs import PairMoments, Pairs
from models_mining.core.counting.sketch import Sketch

Triple = tuple[str, str, str]
Key = TypeVar("Key")
Record = TypeVar("Record")


class Tally:
    """A count that several places hold together."""

    __slots__ = ("count",)

    def __init__(self, count: int = 0) -> None:
        self.count = count


class Abstraction:
    """Counts over a set of cases, exactly those of pm4py on the same events sorted by (case, at, seq).

    ``starts`` counts cases by their first activity, ``directly_follows`` holds an :class:`Edge` per pair, ``triples``
    a :class:`Tally` per three activities in a row. Nothing is kept for what counts zero, so two abstractions of the
    same cases are equal whatever happened on the way; and nothing that follows from the rest. ``pairs`` are kept only
    if ``track_pairs``. ``after`` holds the same edges by what comes before, ``before`` by what comes after, and
    ``after_two`` the same tallies by the first two.
    """

    __slots__ = ("_pairs", "after", "after_two", "before", "directly_follows", "starts", "triples")

    def __init__(self, *, track_pairs: bool = False) -> None:
        self.starts: dict[str, int] = {}
        self.directly_follows: dict[Pair, Edge] = {}
        self.triples: dict[Triple, Tally] = {}
        self.after: dict[str, dict[str, Edge]] = {}
        self.before: dict[str, dict[str, Edge]] = {}
        self.after_two: dict[Pair, dict[str, Tally]] = {}
        self._pairs: Pairs | None = {} if track_pairs else None

    @property
    def pairs(self) -> Pairs:
        """Any two activities of a case, the first before the second, with durations. A LookupError if not tracked."""
        if self._pairs is None:
            raise LookupError("this log does not keep what comes at any time after what (track_pairs)")
        return self._pairs

    @property
    def cases(self) -> int:
        """How many cases were counted."""
        return sum(self.starts.values())

    @property
    def activities(self) -> dict[str, int]:
        """Events per activity: every event either starts its case or directly follows another."""
        counts = dict(self.starts)
        for (_, activity), edge in self.directly_follows.items():
            counts[activity] = counts.get(activity, 0) + edge.count
        return counts

    def ended(self, activity: str) -> int:
        """How many cases end with ``activity``: each event of it that nothing follows ends one."""
        came = sum(edge.count for edge in self.before.get(activity, {}).values())
        went_on = sum(edge.count for edge in self.after.get(activity, {}).values())
        return self.starts.get(activity, 0) + came - went_on

    @property
    def ends(self) -> dict[str, int]:
        """Cases by last activity; see :meth:`ended`."""
        counts = self.activities
        for (activity, _), edge in self.directly_follows.items():
            counts[activity] -= edge.count
        return {activity: count for activity, count in counts.items() if count}

    @property
    def distance_two(self) -> dict[Pair, int]:
        """How often an activity came two events after another, whatever lay between (heuristics miner)."""
        counts: dict[Pair, int] = {}
        for (a, _, c), tally in self.triples.items():
            counts[a, c] = counts.get((a, c), 0) + tally.count
        return counts

    def edge(self, a: str, b: str) -> Edge:
        """The record of ``a`` directly followed by ``b``; made if there is none. Count in it at once."""
        edge = self.directly_follows.get((a, b))
        if edge is None:
            edge = self.directly_follows[a, b] = Edge()
            self.after.setdefault(a, {})[b] = self.before.setdefault(b, {})[a] = edge
        return edge

    def triple(self, a: str, b: str, c: str) -> Tally:
        """The record of ``a``, ``b``, ``c`` in a row; made if there is none. Count in it at once."""
        tally = self.triples.get((a, b, c))
        if tally is None:
            tally = self.triples[a, b, c] = self.after_two.setdefault((a, b), {})[c] = Tally()
        return tally

    def add(self, steps: Sequence[tuple[str, int]], known: int = 0) -> None:
        """Count the events ``steps[known:]`` of one case, whose last events before are ``steps[:known]``.

        With ``known`` 0 the first one starts the case.
        """
        if not known:
            change(self.starts, steps[0][0], 1)
        for here in range(known or 1, len(steps)):
            (a, from_us), (b, to_us) = steps[here - 1], steps[here]
            self.edge(a, b).add(to_us - from_us)
            if here > 1:
                self.triple(steps[here - 2][0], a, b).count += 1

    def remove(self, steps: Sequence[tuple[str, int]], known: int = 0) -> None:
        """Undo :meth:`add` of the same arguments; what then counts zero goes."""
        if not known:
            change(self.starts, steps[0][0], -1)
        for here in range(known or 1, len(steps)):
            (a, from_us), (b, to_us) = steps[here - 1], steps[here]
            edge = self.directly_follows[a, b]
            edge.remove(to_us - from_us)
            if not edge.count:
                del self.directly_follows[a, b]
                _drop(self.after, a, b)
                _drop(self.before, b, a)
            if here > 1:
                before = steps[here - 2][0]
                tally = self.triples[before, a, b]
                tally.count -= 1
                if not tally.count:
                    del self.triples[before, a, b]
                    _drop(self.after_two, (before, a), b)

    def add_case(self, steps: Sequence[tuple[str, int]]) -> None:
        """Count a whole case, its pairs too."""
        self.add(steps)
        if self._pairs is not None:
            pairs.count_case(self._pairs, steps, 1)

    def remove_case(self, steps: Sequence[tuple[str, int]]) -> None:
        """Undo :meth:`add_case`."""
        self.remove(steps)
        if self._pairs is not None:
            pairs.count_case(self._pairs, steps, -1)

    def merge(self, other: "Abstraction") -> None:
        """Add the counts of other cases; ``other`` stays as it is."""
        for activity, count in other.starts.items():
            change(self.starts, activity, count)
        for (a, b), edge in other.directly_follows.items():
            self.edge(a, b).merge(edge)
        for (a, b, c), tally in other.triples.items():
            self.triple(a, b, c).count += tally.count
        if self._pairs is not None:
            pairs.merge(self._pairs, other.pairs)

    def to_state(self, numbers: Mapping[str, int]) -> dict[str, Any]:
        """Return the counts as plain lists and numbers, with activities by number.

        Sums are decimal strings, because a sum of squares can exceed 64 bits.
        """
        return {
            "starts": [[numbers[activity], count] for activity, count in self.starts.items()],
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
                for (a, b), edge in self.directly_follows.items()
            ],
            "triples": [[numbers[a], numbers[b], numbers[c], tally.count] for (a, b, c), tally in self.triples.items()],
            "pairs": [
                [numbers[a], numbers[b], moments.count, str(moments.sum_us), str(moments.squares_us2)]
                for (a, b), moments in (self._pairs or {}).items()
            ],
        }

    def load_state(self, data: Mapping[str, Any], names: Sequence[str]) -> None:
        """Take the counts of :meth:`to_state` into an empty abstraction."""
        self.starts = {names[number]: count for number, count in data["starts"]}
        for a, b, count, sum_us, squares_us2, buckets, bucket_counts in data["edges"]:
            sketch = Sketch(dict(zip(buckets, bucket_counts, strict=True)))
            self.edge(names[a], names[b]).merge(Edge(count, int(sum_us), int(squares_us2), sketch))
        for a, b, c, count in data["triples"]:
            self.triple(names[a], names[b], names[c]).count = count
        for a, b, count, sum_us, squares_us2 in data["pairs"]:
            self.pairs[names[a], names[b]] = PairMoments(count, int(sum_us), int(squares_us2))


def _drop(after: dict[Key, dict[str, Record]], key: Key, activity: str) -> None:
    del after[key][activity]
    if not after[key]:
        del after[key]


def change(counts: dict[str, int], key: str, by: int) -> None:
    """Add to one count; at zero it goes."""
    left = counts.get(key, 0) + by
    if left:
        counts[key] = left
    else:
        counts.pop(key, None)
