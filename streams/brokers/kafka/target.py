"""Events as records of a Kafka topic, keyed by case."""

from collections.abc import Iterable
from typing import Any, Self

from streams.brokers.base import BrokerError
from streams.brokers.faults import Fault
from streams.brokers.kafka.client import CONNECT_S, Errors, configuration, in_words, library, reach
from streams.models import Broker

_CONFIRMED_S = 30.0  # how long a batch may take


class KafkaTarget:
    """A record counts as sent when all replicas in sync have it; the client keeps the order."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self._topic = topic
        self._kafka = library()
        self._errors = Errors()
        self._refused = ""
        own = {
            "enable.idempotence": True,
            "linger.ms": 5,
            "partitioner": "consistent",  # CRC-32 of the key, as the simulator's sink
            "message.timeout.ms": int(_CONFIRMED_S * 1000),
        }
        with in_words():
            self._producer: Any = self._kafka.Producer(configuration(broker, self._errors) | own)

    def __enter__(self) -> Self:
        reach(self._producer, self._errors, CONNECT_S)
        return self

    def __exit__(self, *error: object) -> None:
        self._producer.purge()

    def send(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Hand over a batch and wait for it."""
        self._refused = ""
        try:
            for case, payload in messages:
                self._producer.produce(self._topic, payload, key=case.encode(), on_delivery=self._on_delivery)
                self._producer.poll(0)
        except (BufferError, self._kafka.KafkaException) as error:
            raise BrokerError(Fault.UNCONFIRMED, f"Kafka refused a record: {error}.") from error
        if self._producer.flush(_CONFIRMED_S + 1) or self._refused:
            why = f"Kafka did not confirm: {self._refused or self._errors.last or 'no answer'}."
            raise BrokerError(Fault.UNCONFIRMED, why)

    def _on_delivery(self, error: Any, message: Any) -> None:
        if error is not None:
            self._refused = self._refused or error.str()
