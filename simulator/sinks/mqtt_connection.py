"""One connection to an MQTT broker that loses nothing in silence."""

import random
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from simulator.errors import SinkError, StoppedError
from simulator.sinks.base import Surroundings

MAX_IN_FLIGHT = 100  # sent and not acknowledged, as the broker sees it
MAX_WAITING = 1000  # handed over and not acknowledged: then the simulation waits for the broker
CONNECT_S = 10.0  # how long a broker may take to come up when a run starts
RETRY_S = 0.25
GONE_S = 60.0  # a broker that is away longer than this ends the run
FLUSH_S = 10.0  # how long the last acknowledgements may take
NAP_S = 0.1  # longest wait before looking whether to stop

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class BrokerUrl:
    """Where a broker is and who we are there. Its text form names no password."""

    host: str
    port: int
    tls: bool
    username: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "BrokerUrl":
        """Read ``mqtt://user:password@host:port`` or ``mqtts://…``; anything else raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in DEFAULT_PORTS:
            raise ValueError("the scheme is neither mqtt:// nor mqtts://")
        if not parts.hostname:
            raise ValueError("there is no host")
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ValueError("something follows the port")
        try:
            port = parts.port
        except ValueError:
            port = 0
        if port == 0:
            raise ValueError("the port is not a number from 1 to 65535")
        return cls(
            host=parts.hostname,
            port=port or DEFAULT_PORTS[parts.scheme],
            tls=parts.scheme == "mqtts",
            username=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
        )

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


class Connection:
    """Publishes with a bounded number of unacknowledged messages, and comes back after a broken connection.

    With quality of service 1 and 2 a message counts as sent when the broker has acknowledged it; with 0 as soon as
    it is written. The network runs in a thread of the MQTT client; ``_changed`` guards what it shares with ours.
    """

    def __init__(self, url: BrokerUrl, *, qos: int) -> None:
        self._url, self._qos = url, qos
        self._changed = threading.Condition()
        self._waiting = 0
        self._connected = False
        self._was_connected = False
        self._refusal = ""
        self._client: Client | None = None
        self._surroundings = Surroundings(say=lambda text: None, stopped=lambda: False)

    def open(self, surroundings: Surroundings) -> None:
        """Connect, trying for CONNECT_S; a broker that says no is an error at once."""
        self._surroundings = surroundings
        self._waiting, self._connected, self._was_connected, self._refusal = 0, False, False, ""
        self._client = client = self._new_client()
        deadline = time.monotonic() + CONNECT_S
        self._reach(client, deadline)
        client.loop_start()
        with self._changed:
            while not self._connected and not self._refusal:
                self._nap(deadline, f"{self._url}: no answer from the broker within {CONNECT_S:g} s")
            if self._refusal:
                raise SinkError(f"{self._url}: {self._refusal}")

    def _new_client(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id=f"simulate-{random.getrandbits(64):016x}")
        client.max_inflight_messages_set(MAX_IN_FLIGHT)
        client.reconnect_delay_set(min_delay=1, max_delay=15)
        if self._url.username is not None:
            client.username_pw_set(self._url.username, self._url.password)
        if self._url.tls:
            client.tls_set()
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        return client

    def _reach(self, client: Client, deadline: float) -> None:
        told = False
        while True:
            try:
                client.connect(self._url.host, self._url.port)
            except (OSError, ValueError) as error:
                if time.monotonic() + RETRY_S > deadline:
                    raise SinkError(f"{self._url}: cannot connect: {error}") from error
                if self._surroundings.stopped():
                    raise StoppedError from error
                if not told:
                    told = True
                    self._surroundings.say(f"{self._url}: {error}; trying again for {CONNECT_S:g} s")
                time.sleep(RETRY_S)
            else:
                return

    def publish(self, topic: str, payload: bytes) -> None:
        """Hand over one message; waits while too many are unacknowledged or the broker is away."""
        client = self._client
        if client is None:
            raise SinkError(f"{self._url}: not connected")
        while True:
            self._wait_for_room()
            # Not under the lock: with quality of service 0 the client calls _on_publish from in here.
            code = client.publish(topic, payload, self._qos).rc
            kept = code == MQTTErrorCode.MQTT_ERR_NO_CONN and self._qos > 0  # sent after the next connect
            if code == MQTTErrorCode.MQTT_ERR_SUCCESS or kept:
                return
            with self._changed:
                self._waiting -= 1
                if code != MQTTErrorCode.MQTT_ERR_NO_CONN:
                    raise SinkError(f"{self._url}: a message was not taken: {code.name}")
                self._connected = False  # the callback that says so is on its way

    def _wait_for_room(self) -> None:
        with self._changed:
            deadline = time.monotonic() + GONE_S
            while self._waiting >= MAX_WAITING or (self._qos == 0 and not self._connected):
                before = self._waiting
                self._nap(deadline, f"{self._url}: the broker took no message for {GONE_S:g} s")
                if self._waiting < before:
                    deadline = time.monotonic() + GONE_S
            self._waiting += 1

    def close(self) -> None:
        """Wait for the last acknowledgements, then disconnect. Missing ones raise SinkError."""
        client, self._client = self._client, None
        if client is None:
            return
        with self._changed:
            deadline = time.monotonic() + FLUSH_S
            while self._waiting and self._was_connected and time.monotonic() < deadline:
                self._changed.wait(NAP_S)
            lost = self._waiting
        client.disconnect()
        client.loop_stop()
        if lost:
            raise SinkError(f"{self._url}: {lost} messages were not acknowledged within {FLUSH_S:g} s")

    def _nap(self, deadline: float, too_long: str) -> None:
        """Wait a little for the network's thread, holding the lock."""
        if self._surroundings.stopped():
            raise StoppedError
        if time.monotonic() > deadline:
            raise SinkError(too_long)
        self._changed.wait(NAP_S)

    def _on_connect(
        self, client: Client, userdata: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        with self._changed:
            again = self._was_connected
            if reason.is_failure:
                self._refusal = f"the broker refused the connection: {reason}"
            else:
                self._connected = self._was_connected = True
            self._changed.notify_all()
        if again:
            self._surroundings.say(
                f"{self._url}: {self._refusal}" if reason.is_failure else f"{self._url}: connected again"
            )

    def _on_disconnect(
        self, client: Client, userdata: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        with self._changed:
            lost, self._connected = self._connected, False
            unsent = self._waiting if self._qos == 0 else 0  # the client keeps only what needs an answer
            self._waiting -= unsent
            self._changed.notify_all()
        if lost and reason.is_failure:
            rest = f", {unsent} messages of quality of service 0 lost" if unsent else ""
            self._surroundings.say(f"{self._url}: connection lost ({reason}){rest}, connecting again")

    def _on_publish(
        self, client: Client, userdata: Any, mid: int, reason: ReasonCode, properties: Properties | None
    ) -> None:
        with self._changed:
            self._waiting -= 1
            self._changed.notify_all()
