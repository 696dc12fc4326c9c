"""How much waits in a broker, as far as it tells: mosquitto's ``$SYS`` topics (mosquitto(8), "Broker Status").

MQTT itself has no way to ask for the length of a queue.
"""

import logging
import time

from streams.brokers.base import BrokerError
from streams.brokers.mqtt.address import Address
from streams.brokers.mqtt.source import Source

STORE = "$SYS/broker/store/messages/count"  # waiting for anybody, under way, or retained
RETAINED = "$SYS/broker/retained messages/count"
DROPPED = "$SYS/broker/publish/messages/dropped"  # since it began, of whatever client
_PATIENCE_S = 30.0  # a broker that has not told by then does not tell (mosquitto: every 10 s)

log = logging.getLogger(__name__)


class Depth:
    """A second connection of its own, so that nothing of this ever waits in the session that is recorded."""

    def __init__(self, address: Address, client_id: str) -> None:
        self._source: Source | None = Source(address, f"{client_id}-depth", keep_session=False)
        self._began_at: float | None = None
        self._told: dict[str, int] = {}
        self._dropped_before: int | None = None

    def look(self) -> int | None:
        """Messages that the broker holds for all its clients together; None where it does not tell."""
        if self._source is not None:
            try:
                self._read(self._source)
            except BrokerError as error:
                log.info("the broker's own figures are not to be had: %s", error)
                self.close()
        if STORE not in self._told:
            return None
        return max(0, self._told[STORE] - self._told.get(RETAINED, 0))

    @property
    def dropped(self) -> int:
        """Messages that the broker has dropped since we look, of whatever client."""
        return max(0, self._told.get(DROPPED, 0) - (self._dropped_before or 0))

    def _read(self, source: Source) -> None:
        if self._began_at is None:
            self._began_at = time.monotonic()
            source.connect()
            source.subscribe({STORE: 0, RETAINED: 0, DROPPED: 0})
        for message in source.receive(100, 0):
            if message.payload.isdigit():
                self._told[message.topic] = int(message.payload)
                if message.topic == DROPPED and self._dropped_before is None:
                    self._dropped_before = self._told[DROPPED]
        if not self._told and time.monotonic() - self._began_at > _PATIENCE_S:
            self.close()

    def close(self) -> None:
        """Hang up; what was told last is old from now on."""
        source, self._source = self._source, None
        self._told.clear()
        if source is not None:
            source.close()
