"""What the thread of a broker shows of itself in the tables while it records, at most once a second.

One row, so that it costs a batch nothing: the broker's. A process that can write no more cannot say so; whoever reads
the row concludes it from ``seen_at`` (`streams.recording.health`).
"""

import time
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime

from django.db.models.functions import Now

from streams.models import Broker, Stream

HEARTBEAT_S = 3.0  # where nothing changes
WINDOW_S = 60.0  # over which the rate of a stream is counted


class Pulse:
    """Rates, lag and heartbeat of one broker. Called by the thread that stores its messages."""

    def __init__(self, broker_id: int) -> None:
        self._broker = Broker.objects.filter(pk=broker_id)
        self._received: deque[tuple[float, dict[int, int]]] = deque()  # when: stream → messages received in all
        self._lag_s = 0.0
        self._told: tuple[float, dict[str, float]] | None = None
        self._beat_at = 0.0

    def committed(self, oldest: datetime) -> None:
        """A batch was stored whose first message arrived at ``oldest``."""
        self._lag_s = max(self._lag_s, (datetime.now(UTC) - oldest).total_seconds())

    def beat(self, streams: Iterable[Stream] = ()) -> None:
        """We are here, and so much arrives for these streams, as just read from the table."""
        now = time.monotonic()
        self._received.append((now, {stream.pk: stream.received for stream in streams}))
        while now - self._received[0][0] > WINDOW_S:
            self._received.popleft()
        told = round(self._lag_s, 1), self._rates()
        self._lag_s = 0.0
        if told != self._told or now >= self._beat_at:
            self._broker.update(seen_at=Now(), lag_s=told[0], rates=told[1])
            self._told, self._beat_at = told, now + HEARTBEAT_S

    def _rates(self) -> dict[str, float]:
        """Messages a second of each stream of which some arrived; since when it is watched, at most a minute."""
        now, last = self._received[-1]
        rates: dict[str, float] = {}
        for pk, received in last.items():
            at, first = next((at, counts[pk]) for at, counts in self._received if pk in counts)
            if received > first:
                rates[str(pk)] = round((received - first) / (now - at), 2)
        return rates
