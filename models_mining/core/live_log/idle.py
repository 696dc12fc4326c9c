"""Open cases that received no event for too long, by the clock of arrivals."""

import heapq
from collections.abc import Iterator, Mapping

from models_mining.core.live_log.cases import Case

NEVER_US = 2**63  # later than any moment


class IdleQueue:
    """Finds idle cases without touching the others.

    A heap holds one arrival of each open case, the last one or an earlier. An entry is looked at when *it* has become
    old, and updated if the case has received events since. So an event costs nothing here, and a case is looked at
    once per ``idle_us`` at most, in whatever order arrivals come.
    """

    def __init__(self, idle_us: int | None) -> None:
        self.idle_us = idle_us
        self.due_us = NEVER_US  # no case falls idle before the clock shows this
        self._heap: list[tuple[int, str]] = []
        self._queued: set[str] = set()

    def is_idle(self, received_at_us: int, now_us: int) -> bool:
        """Whether a case whose last arrival is ``received_at_us`` has been idle for long enough."""
        return self.idle_us is not None and now_us - received_at_us >= self.idle_us

    def add(self, name: str, case: Case) -> None:
        """Track an open case; does nothing if it is tracked already."""
        if self.idle_us is not None and name not in self._queued:
            self._queued.add(name)
            heapq.heappush(self._heap, (case.received_at_us, name))
            self._set_due()

    def expired(self, cases: Mapping[str, Case], now_us: int) -> Iterator[tuple[str, Case]]:
        """Yield the open cases that are idle at ``now_us``, longest first.

        Each must be closed before the next is asked for. If closing one fails, it is found again the next time.
        """
        heap = self._heap
        while self.due_us <= now_us:
            queued_us, name = heap[0]
            case = cases.get(name)  # it may have left the log's memory
            if case is not None and not case.closed and case.received_at_us > queued_us:
                heapq.heapreplace(heap, (case.received_at_us, name))
            else:
                if case is not None and not case.closed:
                    yield name, case
                heapq.heappop(heap)
                self._queued.discard(name)
            self._set_due()

    def __len__(self) -> int:
        return len(self._queued)

    def _set_due(self) -> None:
        self.due_us = self._heap[0][0] + self.idle_us if self._heap and self.idle_us is not None else NEVER_US
