"""Publishing with a bound on what is under way, so that the broker sets the pace."""

import threading
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client
from paho.mqtt.reasoncodes import ReasonCode

from streams.brokers.base import BrokerError
from streams.brokers.faults import Fault
from streams.brokers.mqtt.address import CONNECT_S, Address, CheckedClient, refusal

IN_FLIGHT = 500  # published and not yet confirmed
_STALLED_S = 60.0  # without any confirmation


class Publisher:
    """Publishes from one thread while another drives the connection; a lost one is opened again and loses nothing.

    Use as a context manager, with `finish` as the last call inside or wherever all must be confirmed.
    """

    def __init__(self, address: Address, qos: int = 1, *, stalled_s: float = _STALLED_S) -> None:
        self.address = address
        self.qos = qos
        self._stalled_s = stalled_s
        self._room = threading.BoundedSemaphore(IN_FLIGHT)
        self._answered = threading.Event()
        self._refused: BrokerError | None = None
        self._client = address.client(CheckedClient, "", keep_session=False)
        self._client.max_inflight_messages_set(IN_FLIGHT)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish

    def __enter__(self) -> Self:
        self.address.connect(self._client, keep_session=False)
        self._client.loop_start()
        if not self._answered.wait(CONNECT_S) or self._refused:
            self._client.loop_stop()
            raise self._refused or BrokerError(Fault.UNANSWERED, f"{self.address} did not answer in time.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> None:
        """Send one message, waiting while too many are unconfirmed; raises BrokerError if the broker stalls."""
        self._wait_for_room()
        self._client.publish(topic, payload, self.qos)

    def finish(self) -> None:
        """Wait until everything published is confirmed."""
        for _ in range(IN_FLIGHT):
            self._wait_for_room()
        self._room.release(IN_FLIGHT)

    def _wait_for_room(self) -> None:
        if not self._room.acquire(timeout=self._stalled_s):
            why = f"{self.address} has confirmed nothing for {self._stalled_s:g} s."
            raise self._refused or BrokerError(Fault.UNCONFIRMED, why)

    def _on_connect(self, client: Client, data: Any, flags: Any, code: ReasonCode, properties: Any) -> None:
        self._refused = refusal(code)
        self._answered.set()

    def _on_publish(self, client: Client, data: Any, mid: int, code: ReasonCode, properties: Any) -> None:
        self._room.release()
