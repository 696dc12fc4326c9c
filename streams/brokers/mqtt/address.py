"""Where a broker is, how one connects to it, and what is wrong in words."""

import socket
import ssl
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar
from urllib.parse import unquote, urlsplit

from django.conf import settings
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from foundation.http import addresses
from streams.brokers.base import BrokerError, secret_of
from streams.brokers.faults import Fault
from streams.models import Broker

CONNECT_S = 5.0
KEEPALIVE_S = 30
SESSION_EXPIRY_S = 7 * 24 * 3600  # MQTT 5; how long 3.1.1 keeps a session is the broker's setting
_REFUSED = 0x80  # reason codes from here on are failures
AClient = TypeVar("AClient", bound="CheckedClient")


class CheckedClient(Client):
    """Connects to hosts that a broker may be on, and to no others (`foundation.http.addresses`); also when it
    reconnects."""

    def _create_socket_connection(self) -> Any:
        return addresses.connect(self._host, self._port, self.connect_timeout)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is and how one signs in; two equal ones need no new connection."""

    host: str
    port: int = 1883
    tls: bool = False
    ca: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    protocol: str = "3.1.1"

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Of ``mqtt://user:password@host:port`` or ``mqtts://…`` (TLS); raises BrokerError where it is none."""
        try:
            parts = urlsplit(url)
            tls = {"mqtt": False, "mqtts": True}[parts.scheme]
            port = parts.port or (8883 if tls else 1883)
        except (KeyError, ValueError):
            why = f"{url!r} is no broker: expected mqtt://host:port or mqtts://host:port."
            raise BrokerError(Fault.BAD_ADDRESS, why) from None
        if not parts.hostname:
            raise BrokerError(Fault.BAD_ADDRESS, f"{url!r} names no host: expected mqtt://host:port.")
        return cls(parts.hostname, port, tls, "", unquote(parts.username or ""), unquote(parts.password or ""))

    @classmethod
    def of(cls, broker: Broker) -> Self:
        """Raises BrokerError where the stored password cannot be read."""
        password = secret_of(broker)
        return cls(broker.host, broker.port, broker.tls, broker.ca, broker.username, password, broker.protocol)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def client(self, kind: type[AClient], client_id: str, *, keep_session: bool) -> AClient:
        """A client that is set up but not connected."""
        v5 = self.protocol == Broker.Protocol.V5
        client = kind(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311,
            clean_session=None if v5 else not keep_session,
        )
        client.connect_timeout = CONNECT_S
        client.on_socket_open = _send_at_once
        if self.username or self.password:
            client.username_pw_set(self.username, self.password or None)
        if self.tls:
            client.tls_set_context(ssl.create_default_context(cadata=self.ca or None))
        return client

    def connect(self, client: Client, *, keep_session: bool) -> None:
        """Open the network connection and send CONNECT; raises BrokerError in words."""
        how: dict[str, Any] = {}
        if self.protocol == Broker.Protocol.V5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_EXPIRY_S if keep_session else 0
            properties.ReceiveMaximum = settings.INGEST_RECEIVE_MAXIMUM
            how = {"clean_start": not keep_session, "properties": properties}
        try:
            client.connect(self.host, self.port, KEEPALIVE_S, **how)
        except (OSError, ValueError) as error:  # ValueError: a host name that none can be
            raise _in_words(error, self) from error


def _send_at_once(client: Client, data: Any, sock: Any) -> None:
    """Acknowledgements are small packets: do not let the kernel hold them back (Nagle)."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _in_words(error: Exception, address: Address) -> BrokerError:
    match error:
        case addresses.HostRefusedError():
            return BrokerError(Fault.HOST_REFUSED, str(error))
        case ConnectionRefusedError():
            return BrokerError(Fault.NOBODY_LISTENS, f"Nobody listens at {address}.")
        case socket.gaierror() | UnicodeError():
            return BrokerError(Fault.UNKNOWN_HOST, f"No host is called {address.host}.")
        case ssl.SSLCertVerificationError():
            why = f"The certificate of {address} is not trusted: {error.verify_message}."
            return BrokerError(Fault.UNTRUSTED, why)
        case ssl.SSLError():
            why = f"TLS with {address} failed: {error.reason or error}. Does this port speak TLS?"
            return BrokerError(Fault.TLS, why)
        case TimeoutError():
            return BrokerError(Fault.UNANSWERED, f"{address} did not answer in time.")
    return BrokerError(Fault.UNUSABLE, f"{address} cannot be reached: {error}.")


def refusal(code: ReasonCode) -> BrokerError | None:
    """Return why the broker refused CONNECT; None where it did not."""
    if code.value < _REFUSED:
        return None
    name = str(code)
    if name in ("Bad user name or password", "Not authorized"):
        return BrokerError(Fault.SIGN_IN, "The broker refused the user name or password.")
    if name == "Unsupported protocol version":
        why = "The broker does not speak this version of MQTT: choose the other protocol."
        return BrokerError(Fault.PROTOCOL, why)
    return BrokerError(Fault.REFUSED, f"The broker refused the connection: {name}.")
