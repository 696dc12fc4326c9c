"""The memory policy of a live log: all cases, or those with the newest activity. A case is in or out as a whole."""

import heapq
from collections.abc import Mapping

from models_mining.core.live_log.cases import Case
from models_mining.core.live_log.idle import NEVER_US


class MemoryPolicy:
    """At most ``max_cases`` cases are in, and none that was silent for ``last_us`` or more; None: no such limit.

    Cases are ordered by (greatest arrival, greatest number) of their events. A heap holds for each case that is in
    an earlier value of that; its top is updated when it is looked at. So an event of a case that is in costs nothing
    here. ``cases`` are those of the log that are in.
    """

    def __init__(self, max_cases: int | None = None, last_us: int | None = None) -> None:
        self.max_cases = max_cases
        self.last_us = last_us
        self.evicted = 0  # cases that are out
        self.due_us = NEVER_US  # no case has to leave for its silence before the clock shows this
        self._heap: list[tuple[int, int, str]] = []

    def add(self, name: str, case: Case) -> None:
        """Track a case that came in."""
        if self.max_cases is not None or self.last_us is not None:
            heapq.heappush(self._heap, (case.received_at_us, case.seq, name))
            self._set_due()

    def next_to_leave(self, cases: Mapping[str, Case], now_us: int, room: int = 0) -> str | None:
        """Return a case that has to leave when the clock shows ``now_us``, or to make room for ``room`` more."""
        if self.due_us <= now_us and self.last_us is not None:
            received_at_us, _, name = self._oldest(cases)
            if now_us - received_at_us >= self.last_us:
                return name
        if self.max_cases is not None and len(cases) + room > self.max_cases:
            return self._oldest(cases)[2]
        return None

    def evict(self) -> None:
        """Count the case as out that :meth:`next_to_leave` returned last."""
        heapq.heappop(self._heap)
        self.evicted += 1
        self._set_due()

    def note_evicted(self, cases: int = 1) -> None:
        """Count cases as out that never were in."""
        self.evicted += cases

    def readmit(self, name: str, case: Case) -> None:
        """Track a case that was out."""
        self.evicted -= 1
        self.add(name, case)

    def excludes(self, cases: Mapping[str, Case], now_us: int, received_at_us: int, seq: int) -> bool:
        """Whether a case that is not in, and was last seen at ``received_at_us``, stays out."""
        if self.last_us is not None and now_us - received_at_us >= self.last_us:
            return True
        full = self.max_cases is not None and len(cases) >= self.max_cases
        return full and self._oldest(cases)[:2] > (received_at_us, seq)

    def _oldest(self, cases: Mapping[str, Case]) -> tuple[int, int, str]:
        """Return arrival, number and name of the case that has to leave first. There must be one."""
        heap = self._heap
        while True:
            name = heap[0][2]
            case = cases[name]
            current = (case.received_at_us, case.seq, name)
            if heap[0] == current:
                return current
            heapq.heapreplace(heap, current)
            self._set_due()

    def _set_due(self) -> None:
        self.due_us = self._heap[0][0] + self.last_us if self._heap and self.last_us is not None else NEVER_US

    def __str__(self) -> str:
        limits = []
        if self.max_cases is not None:
            limits.append(f"the {self.max_cases} cases heard of last")
        if self.last_us is not None:
            limits.append(f"cases heard of in the last {self.last_us / 10**6:g} s")
        return " and ".join(limits) or "all cases"
