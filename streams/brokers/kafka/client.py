"""Connecting to Kafka, with what goes wrong in words.

The client opens its connections by itself, so here it is told addresses that were checked
(`foundation.http.addresses`), and what the cluster says of its own servers is checked as soon as it does. With TLS it
is told the name, by which the certificate is judged: who answers there can prove to be the one meant.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from foundation.http import addresses
from streams.brokers.base import BrokerError, secret_of
from streams.brokers.faults import Fault
from streams.models import Broker

if TYPE_CHECKING:
    import confluent_kafka

CONNECT_S = 10.0


def library() -> "confluent_kafka":
    """The optional client; raises BrokerError where it is not installed."""
    try:
        import confluent_kafka  # an optional package
    except ImportError:
        why = "Kafka needs a package that is not installed here: pip install confluent-kafka."
        raise BrokerError(Fault.NO_CLIENT, why) from None
    return confluent_kafka


class Errors:
    """Hears what the client has to say of the connection: it goes on trying by itself and raises little."""

    def __init__(self) -> None:
        self.last = ""

    def hear(self, error: Any) -> None:
        """The client's callback."""
        self.last = error.str()


@contextmanager
def in_words(errors: Errors | None = None) -> Iterator[None]:
    """What goes wrong with Kafka becomes a BrokerError, in the words that ``errors`` heard last, if any."""
    try:
        yield
    except library().KafkaException as error:
        last = errors.last if errors is not None else ""
        raise BrokerError(Fault.UNUSABLE, f"Kafka cannot be used: {last or error.args[0].str()}.") from error


def configuration(broker: Broker, errors: Errors) -> dict[str, Any]:
    """How to connect and sign in; raises BrokerError where its host or its password cannot be used."""
    password = secret_of(broker)
    told: dict[str, Any] = {
        "bootstrap.servers": servers(broker),
        "client.id": "procmine",
        "error_cb": errors.hear,
        "log_level": 0,  # it writes to standard error by itself; we say what matters
    }
    security = "SSL" if broker.tls else "PLAINTEXT"
    if broker.tls and broker.ca:
        told["ssl.ca.pem"] = broker.ca
    if broker.username:
        security = f"SASL_{security}"
        told |= {"sasl.mechanism": broker.sasl, "sasl.username": broker.username, "sasl.password": password}
    return told | {"security.protocol": security}


def servers(broker: Broker) -> str:
    """Where to look for the cluster, now; raises BrokerError where no broker may be."""
    try:
        found = list(addresses.addresses_of(broker.host, broker.port))
    except addresses.HostRefusedError as error:
        raise BrokerError(Fault.HOST_REFUSED, str(error)) from error
    except (OSError, UnicodeError) as error:
        raise BrokerError(Fault.UNKNOWN_HOST, f"No host is called {broker.host}.") from error
    return ",".join(_place(host, broker.port) for host in ([broker.host] if broker.tls else found))


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def reach(client: Any, errors: Errors, timeout_s: float) -> None:
    """See that the cluster answers, lets us in, and sends us nowhere that no broker may be; raises BrokerError."""
    with in_words(errors):
        cluster = client.list_topics(timeout=timeout_s)
    for server in cluster.brokers.values():
        with suppress(socket.gaierror, UnicodeError):  # a name that nobody has leads nowhere; the client will say so
            try:
                list(addresses.addresses_of(server.host, server.port))
            except addresses.HostRefusedError as error:
                why = f"Kafka names a server at {server.host}:{server.port}: {error}"
                raise BrokerError(Fault.HOST_REFUSED, why) from error


def probe(broker: Broker, timeout_s: float) -> None:
    """Connect and sign in once; raises BrokerError."""
    errors = Errors()
    with in_words():
        client = library().Producer(configuration(broker, errors))
    reach(client, errors, timeout_s)
