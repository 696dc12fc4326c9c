"""A broker's messages: received and acknowledged by the thread that stores them.

No network thread: whoever calls `Source.receive` drives the socket, so that a slow database slows the broker down
instead of filling our memory. Source: MQTT 3.1.1 (OASIS 2014) and 5.0 (OASIS 2019).
"""

import select
import ssl
import time
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from django.conf import settings
from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from streams.brokers.base import BrokerError, client_id
from streams.brokers.faults import Fault
from streams.brokers.mqtt.address import CONNECT_S, Address, refusal
from streams.brokers.mqtt.packets import Cutter, MalformedError, MqttMessage, answers
from streams.brokers.mqtt.sieve import Sieve, SievedClient
from streams.models import Broker

MAX_HELD = 8 * 1024 * 1024  # bytes of payload: with so much here, no more is read from the network
_MISC_EVERY_S = 1.0
_REFUSED = 0x80  # reason codes from here on are failures


class Source:
    """A broker's messages over a session that the broker keeps while we are away.

    Use it from one thread. After a BrokerError it is closed; `connect` opens it again.
    """

    _numbers = 0

    def __init__(
        self, address: Address, client_id: str, *, keep_session: bool = True, timeout_s: float = CONNECT_S
    ) -> None:
        self.address = address
        self.client_id = client_id
        self.keep_session = keep_session
        self.timeout_s = timeout_s  # for the network, and then for the broker's answer
        self.session_present = False  # the broker had kept our session when we connected last
        self.granted: dict[str, Any] = {}  # properties of CONNACK (MQTT 5)
        self.refused: dict[str, str] = {}  # filters that the broker refused, and its reason
        self._client: SievedClient | None = None
        self._waiting: deque[MqttMessage] = deque()
        self._number = 0
        self._answered = False  # CONNECT
        self._refused: BrokerError | None = None  # that answer
        self._lost: BrokerError | None = None
        self._asked: dict[int, list[str]] = {}  # SUBSCRIBE packets in flight: their filters
        self._misc_at = 0.0

    def connect(self) -> None:
        """Connect and wait for the broker's answer; raises BrokerError."""
        self.close()
        Source._numbers += 1
        self._number = Source._numbers
        self._answered, self._refused, self._lost = False, None, None
        self._asked.clear()
        self.refused.clear()
        try:
            client = self.address.client(SievedClient, self.client_id, keep_session=self.keep_session)
        except (ValueError, ssl.SSLError) as error:
            raise BrokerError(Fault.BAD_CA, f"The CA certificate cannot be read: {error}") from error
        client.cutter = Cutter(self._number, v5=self._v5)
        client.connect_timeout = self.timeout_s
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        self.address.connect(client, keep_session=self.keep_session)
        self._client = client
        self._wait_for_answer()

    def _wait_for_answer(self) -> None:
        deadline = time.monotonic() + self.timeout_s
        while not self._answered:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                self._fail(BrokerError(Fault.UNANSWERED, f"{self.address} did not answer within {self.timeout_s:g} s."))
            self._drive(left_s, limit=settings.INGEST_RECEIVE_MAXIMUM)
        if self._refused:
            self._fail(self._refused)

    def close(self) -> None:
        """Disconnect in order; the session stays. What was not acknowledged comes again."""
        client, self._client = self._client, None
        # Not acknowledged, so QoS 1 comes again; QoS 0 would not.
        self._waiting = deque(message for message in self._waiting if message.qos == 0)
        if client is not None:
            client.disconnect()

    def subscribe(self, filters: Mapping[str, int]) -> None:
        """Ask for filters at a QoS; at most 1 is asked for.

        QoS 2 would cost another round trip and bring nothing: redeliveries are recognised either way. What the broker
        refuses appears in `refused` when its answer comes.
        """
        client, _ = self._connected()
        for filter_, qos in filters.items():
            wanted = min(qos, 1)
            if self._v5:  # retainHandling 1: retained messages come only with a new subscription
                _, mid = client.subscribe(filter_, options=SubscribeOptions(qos=wanted, retainHandling=1))
            else:
                _, mid = client.subscribe(filter_, wanted)
            if mid is not None:
                self._asked[mid] = [filter_]

    def unsubscribe(self, filters: Iterable[str]) -> None:
        """Ask for these filters no more; messages of them that are on their way still come."""
        client, _ = self._connected()
        for filter_ in filters:
            client.unsubscribe(filter_)
            self.refused.pop(filter_, None)

    @property
    def settled(self) -> bool:
        """Whether the broker has answered every `subscribe`."""
        return not self._asked

    def receive(self, limit: int, timeout_s: float) -> list[MqttMessage]:
        """At most ``limit`` messages that wait, as soon as there is one.

        None after ``timeout_s``, and before that where only a part of one has come.
        """
        if not self._waiting:
            self._drive(timeout_s, limit)
        elif len(self._waiting) < limit:
            self._drive(0, limit)
        return [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]

    def keep_alive(self, timeout_s: float) -> None:
        """Answer the broker for a while without taking messages out.

        They wait here, up to the receive maximum or some MiB; then in the network, and behind it in the broker.
        """
        held = sum(len(message.payload) for message in self._waiting)
        if len(self._waiting) < settings.INGEST_RECEIVE_MAXIMUM and held < MAX_HELD:
            self._drive(timeout_s, settings.INGEST_RECEIVE_MAXIMUM)
        else:
            time.sleep(timeout_s)

    def acknowledge(self, messages: Iterable[MqttMessage]) -> None:
        """Tell the broker that these are stored. Those of an earlier connection are passed over: they come again."""
        _, sieve = self._connected()
        try:
            sieve.send(answers(message for message in messages if message.connection == self._number))
        except OSError as error:
            self._fail(BrokerError(Fault.LOST, f"The connection was lost: {error}."))

    # --- The network ------------------------------------------------------------------

    @property
    def _v5(self) -> bool:
        return self.address.protocol == Broker.Protocol.V5

    def _connected(self) -> tuple[SievedClient, Sieve]:
        client = self._client
        if client is None or client.sieve is None or self._lost:
            raise self._lost or BrokerError(Fault.LOST, "Not connected.")
        return client, client.sieve

    def _drive(self, timeout_s: float, limit: int) -> None:
        """Wait for the network, then read until ``limit`` messages wait here or nothing more comes."""
        client, sieve = self._connected()
        pending = sieve.pending
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        try:
            readable, writable, _ = select.select(
                [sieve], [sieve] if sieve.unsent else [], [], 0 if pending else timeout_s
            )
            if writable:
                sieve.flush()
            if readable or pending:
                self._read(sieve, limit)
            while sieve.for_client and not code:
                code = client.loop_read()
        except MalformedError as error:
            self._fail(BrokerError(Fault.NOT_MQTT, f"{self.address} sent what is no MQTT: {error}"))
        except (OSError, ValueError) as error:  # ValueError: the client has closed its socket
            self._fail(self._lost or BrokerError(Fault.LOST, f"The connection was lost: {error}."))
        now = time.monotonic()
        if now - self._misc_at >= _MISC_EVERY_S:
            self._misc_at = now
            code = code or client.loop_misc()
        if code or self._lost:
            lost = BrokerError(Fault.LOST, f"The connection was lost: {code.name}.")
            self._fail(self._refused or self._lost or lost)

    def _read(self, sieve: Sieve, limit: int) -> None:
        read = 0
        while len(self._waiting) < limit and read < MAX_HELD and (data := sieve.read()):
            read += len(data)
            self._waiting.extend(sieve.cutter.cut(data, datetime.now(UTC)))

    def _fail(self, error: BrokerError) -> NoReturn:
        self.close()
        raise error

    # --- Callbacks of the client; an exception here would end its loop ------------------

    def _on_connect(
        self, client: Client, data: Any, flags: ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        self.session_present = flags.session_present
        self.granted = vars(properties) if properties is not None else {}
        self._answered, self._refused = True, refusal(code)

    def _on_disconnect(self, client: Client, data: Any, flags: Any, code: ReasonCode, properties: Any) -> None:
        if self._answered:
            self._lost = BrokerError(Fault.LOST, f"The connection was lost: {str(code).lower()}.")
        else:
            why = f"{self.address} closed the connection without an answer: is it MQTT, with or without TLS?"
            self._lost = BrokerError(Fault.NOT_MQTT, why)

    def _on_subscribe(self, client: Client, data: Any, mid: int, codes: list[ReasonCode], properties: Any) -> None:
        for filter_, code in zip(self._asked.pop(mid, []), codes, strict=False):
            if code.value >= _REFUSED:
                self.refused[filter_] = str(code)


def subscription_refused(filter_: str, reason: str) -> BrokerError:
    """The broker's answer to a subscription, as it is shown."""
    return BrokerError(Fault.SUBSCRIPTION, f"The broker refuses the subscription to {filter_}: {reason}.")


def probe(broker: Broker, timeout_s: float) -> None:
    """Connect once with a session of its own; raises BrokerError."""
    name = f"{client_id(broker.pk or 0)}-test"
    source = Source(Address.of(broker), name, keep_session=False, timeout_s=timeout_s / 2)
    source.connect()
    source.close()
