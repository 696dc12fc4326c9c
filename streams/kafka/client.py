"""Connecting to Kafka, with what goes wrong in words."""

from typing import TYPE_CHECKING, Any

from streams.encryption import SecretUnreadableError
from streams.models import Broker
from streams.mqtt import BrokerError

if TYPE_CHECKING:
    import confluent_kafka

CONNECT_S = 10.0


def library() -> "confluent_kafka":
    """The optional client; raises BrokerError where it is not installed."""
    try:
        import confluent_kafka  # an optional package
    except ImportError:
        raise BrokerError("Kafka needs a package that is not installed here: pip install confluent-kafka.") from None
    return confluent_kafka


class Errors:
    """Hears what the client has to say of the connection: it goes on trying by itself and raises little."""

    def __init__(self) -> None:
        self.last = ""

    def hear(self, error: Any) -> None:
        """The client's callback."""
        self.last = error.str()


def configuration(broker: Broker, errors: Errors) -> dict[str, Any]:
    """How to connect and sign in; raises BrokerError where the password cannot be read."""
    try:
        password = broker.secret
    except SecretUnreadableError as error:
        raise BrokerError(str(error)) from error
    told: dict[str, Any] = {
        "bootstrap.servers": f"[{broker.host}]:{broker.port}" if ":" in broker.host else f"{broker.host}:{broker.port}",
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


def reach(client: Any, errors: Errors, timeout_s: float) -> None:
    """See that the cluster answers and lets us in; raises BrokerError."""
    try:
        client.list_topics(timeout=timeout_s)
    except library().KafkaException as error:
        raise BrokerError(f"Kafka cannot be used: {errors.last or error.args[0].str()}.") from error


def probe(broker: Broker, timeout_s: float) -> None:
    """Connect and sign in once; raises BrokerError."""
    errors = Errors()
    try:
        client = library().Producer(configuration(broker, errors))
    except library().KafkaException as error:
        raise BrokerError(f"Kafka cannot be used: {error.args[0].str()}.") from error
    reach(client, errors, timeout_s)
