"""Changes of the process itself: when steps or the durations of cases are not distributed any more as they were.

All steps share one adaptive window of counts, so that what changes together is one change with one beginning. The
window is that of Bifet, Gavaldà: Learning from time-changing data with adaptive windowing (ADWIN2), SIAM SDM 2007,
over vectors: buckets of counts that grow exponentially with age; whenever one more block is full, each place between
two buckets is tried as the moment of a change.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypedDict

import numpy as np

from models_mining.core.drift.evidence import likelihood_ratio, t_squared
from models_mining.core.drift.windows import Bucket, Mark, Moments, Window

BLOCK = 100  # observations between two tests
WARM_UP = 500  # the first steps of a log come from cases that were quick: they say nothing of the others
SETTLED = 5  # blocks a change has to last until it is told: it can say then what changed
MAX_EDGES = 2_000  # watched; later ones are not, which bounds memory and the cost of a test
DELTA = 0.0005  # chance of an alarm where nothing changed, over all places and steps of one test
DELTA_SHOWN = 0.01  # once there is a change: of naming an edge that has none
SUPPORT = 30  # least observations on both sides
MIN_SHARE = 0.05  # smaller changes of a probability are of no interest
NEXT_TO_NOTHING = 0.05  # of the probability on the other side: the step was not there
MIN_RATIO = 1.25  # nor are smaller ones of the typical duration
STEADY = 4.0  # durations count once the log is so many times as old as its cases take: before, quick ones come first

Pair = tuple[str, str]


class EdgeChange(TypedDict):
    """How often ``target`` came next after ``source``. "" as source: the case began; as target: it ended.

    ``before`` and ``after`` are probabilities given the source, ``_n`` numbers of steps in the window.
    """

    source: str
    target: str
    kind: Literal["appeared", "rose", "fell", "vanished"]
    before: float
    after: float
    before_n: int
    after_n: int


class DurationChange(TypedDict):
    """Typical duration of cases (geometric mean of 1 s + duration), and of how many."""

    before_s: float
    after_s: float
    before_n: int
    after_n: int


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the log, found at ``found``; it began about after ``began``, and before it nothing had changed
    since ``since``. ``before`` and ``after`` count steps from ``since`` to ``began``, and from there to ``found``."""

    found: Mark
    began: Mark
    since: Mark
    edges: list[EdgeChange]
    duration: DurationChange | None
    before: dict[Pair, int] = field(default_factory=dict)
    after: dict[Pair, int] = field(default_factory=dict)


class _Cut(NamedTuple):
    place: int  # so many buckets lie before the change
    evidence: float


class DriftDetector:
    """Watches steps, as they arrive, and durations of cases, as they close.

    Constant time per event, memory by the number of edges. Once a change is found the window begins anew.

    >>> detector = DriftDetector()
    >>> for n in range(1, 4001):
    ...     detector.step("check", "pay" if n <= 2000 or n % 2 else "reject")
    ...     if change := detector.due(Mark(n, n, n)):
    ...         print(change.began.seq, [(edge["target"], edge["kind"]) for edge in change.edges])
    2000 [('pay', 'fell'), ('reject', 'appeared')]
    """

    def __init__(self, delta: float = DELTA) -> None:
        self.delta = delta
        self._numbers: dict[Pair, int] = {}
        self._block: list[int] = []
        self._durations = Moments()
        self._window = Window()
        self._left = WARM_UP
        self._since = Mark(0, 0, 0)  # the present regime began after it
        self._earlier: dict[Pair, int] = {}  # steps of this regime from before the window began
        self._unsteady_from_us: int | None = None  # durations are not compared yet: event time since then
        self._seen = Moments()  # durations (s) since then
        self.untracked = 0  # steps over edges beyond the limit

    # --- Watching -------------------------------------------------------------------------

    def step(self, source: str, activity: str) -> None:
        """A case that stood at ``source`` ("": nowhere) did ``activity`` ("": it ended)."""
        number = self._numbers.get((source, activity))
        if number is None:
            if len(self._numbers) >= MAX_EDGES:
                self.untracked += 1
                return
            number = self._numbers[source, activity] = len(self._numbers)
        self._block.append(number)

    def closed(self, duration_us: int, at_us: int) -> None:
        """A case closed that took so long, at this event time."""
        seconds = max(0, duration_us) / 10**6
        if self._unsteady_from_us is not None:
            self._seen.add(seconds)
            if self._seen.n < SUPPORT or (at_us - self._unsteady_from_us) / 10**6 < STEADY * self._seen.mean:
                return
            self._unsteady_from_us = None
        self._durations.add(math.log1p(seconds))

    def due(self, now: Mark) -> Change | None:
        """Called after each event: the change that is certain by now, if there is one."""
        if len(self._block) < BLOCK:
            return None
        if self._left > 0:
            if self._left == WARM_UP:
                self._unsteady_from_us = now.at_us
            self._left -= len(self._block)
            self._remember()
            return None
        counts = np.bincount(self._block, minlength=len(self._numbers))
        self._window.add(Bucket(counts, self._durations, now))
        self._block, self._durations = [], Moments()
        return self._test(now)

    def _remember(self) -> None:
        names = list(self._numbers)
        for number in self._block:
            self._earlier[names[number]] = self._earlier.get(names[number], 0) + 1
        self._block, self._durations = [], Moments()

    # --- Testing --------------------------------------------------------------------------

    def _test(self, now: Mark) -> Change | None:
        if len(self._window.buckets) < 2:
            return None
        cuts = [cut for cut in (self._edge_cut(), self._duration_cut()) if cut is not None]
        if not cuts:
            return None
        place = max(cuts, key=lambda cut: cut.evidence).place
        if sum(1 << bucket.level for bucket in self._window.buckets[place:]) < SETTLED:
            return None  # it is found again with the next block, unless it was nothing
        change = self._told(place, now)
        self._earlier = change.after
        self._since = change.began
        self._window = Window()
        self._unsteady_from_us, self._seen = now.at_us, Moments()
        return change

    def _edge_cut(self) -> _Cut | None:
        """Where the distribution of what comes next changed most likely; None: nowhere for certain."""
        n, of, share = self._sides()
        tests = n[0].size  # each edge at each place is one of its own
        certain = (of[0] >= SUPPORT) & (of[1] >= SUPPORT) & (np.abs(share[0] - share[1]) >= MIN_SHARE)
        some = certain.any(axis=0)
        gained = likelihood_ratio(*([part[:, some] for part in parts] for parts in (n, of, share)))
        certain = certain[:, some] & (gained > 2 * math.log(tests / self.delta))
        if not certain.any():
            return None
        evidence = np.where(certain.any(axis=1), gained[:, certain.any(axis=0)].sum(axis=1), -np.inf)
        place = int(np.argmax(evidence))
        return _Cut(place + 1, float(evidence[place]))

    def _duration_cut(self) -> _Cut | None:
        """Where the durations changed most likely; None: nowhere for certain."""
        low, high = self._window.moments()  # rows: n, sum, sum of squares; a column a place
        gained, apart = t_squared(low, high)
        certain = (np.minimum(low[0], high[0]) >= SUPPORT) & (apart >= math.log(MIN_RATIO))
        certain &= gained > 2 * math.log(len(gained) / self.delta)
        if not certain.any():
            return None
        evidence = np.where(certain, gained, -np.inf)
        place = int(np.argmax(evidence))
        return _Cut(place + 1, float(evidence[place]))

    def _sides(self) -> tuple[Any, Any, Any]:
        """By place (row) and edge (column): times, those of the source, shares; before and after, shares in all too."""
        n = self._window.counts(len(self._numbers))
        sources: dict[str, int] = {}
        source_of = np.fromiter((sources.setdefault(a, len(sources)) for a, _ in self._numbers), np.intp)
        order = np.argsort(source_of, kind="stable")
        begins = np.searchsorted(source_of[order], np.arange(len(sources)))
        of = [np.add.reduceat(side[:, order], begins, axis=1)[:, source_of] for side in n]
        together = [n[0] + n[1], of[0] + of[1]]
        share = [times / np.maximum(out, 1) for times, out in [*zip(n, of, strict=True), together]]
        return n, of, share

    def _told(self, place: int, now: Mark) -> Change:
        began = self._window.buckets[place - 1].end
        n, of, share = self._sides()
        gained = likelihood_ratio(n, of, share)
        row = place - 1
        edges: list[EdgeChange] = []
        for (source, target), number in self._numbers.items():
            out = (int(of[0][row, number]), int(of[1][row, number]))
            before, after = float(share[0][row, number]), float(share[1][row, number])
            if min(out) < SUPPORT or abs(before - after) < MIN_SHARE:
                continue
            if gained[row, number] <= 2 * math.log(len(self._numbers) / DELTA_SHOWN):
                continue
            times = (int(n[0][row, number]), int(n[1][row, number]))
            kind: Literal["appeared", "rose", "fell", "vanished"] = "rose" if after > before else "fell"
            if min(before, after) < NEXT_TO_NOTHING * max(before, after):  # a block may lie across the moment
                kind = "appeared" if after > before else "vanished"
            edges.append(
                EdgeChange(
                    source=source,
                    target=target,
                    kind=kind,
                    before=before,
                    after=after,
                    before_n=times[0],
                    after_n=times[1],
                )
            )
        edges.sort(key=lambda edge: (-round(abs(edge["after"] - edge["before"]), 6), edge["source"], edge["target"]))
        before_counts = dict(self._earlier)
        for pair, number in self._numbers.items():
            if times_before := int(n[0][row, number]):
                before_counts[pair] = before_counts.get(pair, 0) + times_before
        after_counts = {pair: int(n[1][row, k]) for pair, k in self._numbers.items() if n[1][row, k]}
        return Change(now, began, self._since, edges, self._duration_told(row), before_counts, after_counts)

    def _duration_told(self, row: int) -> DurationChange | None:
        low, high = self._window.moments()
        gained, apart = t_squared(low, high)
        enough = min(low[0][row], high[0][row]) >= SUPPORT and apart[row] >= math.log(MIN_RATIO)
        if not enough or gained[row] <= 2 * math.log(1 / DELTA_SHOWN):
            return None
        before, after = low[1][row] / low[0][row], high[1][row] / high[0][row]
        return DurationChange(
            before_s=math.expm1(before),
            after_s=math.expm1(after),
            before_n=int(low[0][row]),
            after_n=int(high[0][row]),
        )

    # --- Saving and restoring ---------------------------------------------------------------

    def to_state(self) -> dict[str, Any]:
        """All of it as plain lists, numbers and strings."""
        return {
            "edges": [list(pair) for pair in self._numbers],
            "block": self._block,
            "durations": self._durations.to_state(),
            "window": self._window.to_state(),
            "left": self._left,
            "since": list(self._since),
            "earlier": [[*pair, n] for pair, n in self._earlier.items()],
            "unsteady_from_us": self._unsteady_from_us,
            "seen": self._seen.to_state(),
            "untracked": self.untracked,
        }

    @classmethod
    def from_state(cls, data: Mapping[str, Any], delta: float = DELTA) -> "DriftDetector":
        """The detector a state was taken of; it goes on as if never stopped."""
        made = cls(delta)
        made._numbers = {(a, b): number for number, (a, b) in enumerate(data["edges"])}
        made._block = list(data["block"])
        made._durations = Moments.from_state(data["durations"])
        made._window = Window.from_state(data["window"])
        made._left = data["left"]
        made._since = Mark(*data["since"])
        made._earlier = {(a, b): n for a, b, n in data["earlier"]}
        made._unsteady_from_us = data["unsteady_from_us"]
        made._seen = Moments.from_state(data["seen"])
        made.untracked = data["untracked"]
        return made
