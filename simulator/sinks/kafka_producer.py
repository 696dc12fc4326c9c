"""Records to one Kafka topic, in order, none lost or doubled in silence."""

import time
from typing import TYPE_CHECKING

from simulator.errors import SinkError, StoppedError
from simulator.sinks.base import Surroundings

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message
    from confluent_kafka import Producer as Client

CONNECT_S = 10.0  # how long a broker may take to answer when a run starts
GONE_S = 60.0  # a record that is not acknowledged for so long ends the run
FLUSH_S = 10.0  # how long the last acknowledgements may take
MAX_WAITING = 10_000  # records handed over and not acknowledged: then the simulation waits for the broker
COMPLAIN_S = 10.0  # at most one complaint in this time
NAP_S = 0.1  # longest wait before looking whether to stop


class Producer:
    """Sends records to one topic.

    A record counts as sent when all replicas in sync have it. The client retries by itself and keeps the order
    (``enable.idempotence``); what it gives up on is raised by the next call.
    """

    def __init__(self, servers: str, topic: str, *, client_id: str, partitions: int | None) -> None:
        self._servers, self._topic, self._client_id, self._partitions = servers, topic, client_id, partitions
        self._name = f"kafka://{servers}/{topic}"
        self._client: Client | None = None
        self._refusal = ""
        self._refused = 0
        self._complained_s = float("-inf")
        self._surroundings = Surroundings(say=lambda text: None, stopped=lambda: False)

    def open(self, surroundings: Surroundings) -> None:
        """Connect and look at the topic; the broker may make it. A topic with too few partitions is an error."""
        try:
            import confluent_kafka as kafka  # an optional package
        except ImportError as error:
            raise SinkError("the type kafka needs a package: pip install confluent-kafka") from error
        self._surroundings, self._refusal, self._refused = surroundings, "", 0
        self._client = client = kafka.Producer(
            {
                "bootstrap.servers": self._servers,
                "client.id": self._client_id,
                "enable.idempotence": True,
                "linger.ms": 5,
                "partitioner": "consistent",  # where no partition is named: CRC-32 of the key
                "message.timeout.ms": int(GONE_S * 1000),
                "queue.buffering.max.messages": MAX_WAITING,
                "on_delivery": self._on_delivery,
                "error_cb": self._on_error,
                "log_level": 0,  # it writes to standard error by itself; we say what matters
            }
        )
        try:
            topic = client.list_topics(self._topic, timeout=CONNECT_S).topics[self._topic]
        except kafka.KafkaException as error:
            raise SinkError(f"{self._name}: no answer from the broker: {error.args[0].str()}") from error
        if topic.error is not None and topic.error.code() != kafka.KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise SinkError(f"{self._name}: {topic.error.str()}")
        if topic.partitions and self._partitions is not None and len(topic.partitions) < self._partitions:
            raise SinkError(
                f"{self._name}: the topic has {len(topic.partitions)} partitions, expected at least {self._partitions}"
            )

    def produce(self, value: bytes, *, key: bytes, partition: int) -> None:
        """Hand over one record; waits while too many are not acknowledged."""
        client = self._client
        if client is None:
            raise SinkError(f"{self._name}: not connected")
        while True:
            self.poll()
            try:
                client.produce(self._topic, value, key=key, partition=partition)
            except BufferError:
                if self._surroundings.stopped():
                    raise StoppedError from None
                client.poll(NAP_S)
            except Exception as error:  # KafkaException, imported only where the package is there
                raise SinkError(f"{self._name}: a record was refused: {error}") from error
            else:
                return

    def poll(self) -> None:
        """Hear what became of earlier records; raises SinkError where one was refused."""
        if self._client is not None:
            self._client.poll(0)
        if self._refusal:
            raise SinkError(self._told())

    def close(self) -> None:
        """Wait for the last acknowledgements. Missing ones raise SinkError."""
        client, self._client = self._client, None
        if client is None:
            return
        missing = client.flush(FLUSH_S)
        if missing:
            client.purge()
            client.flush(1)
            raise SinkError(f"{self._name}: {missing} records were not acknowledged within {FLUSH_S:g} s")
        if self._refusal:
            raise SinkError(self._told())

    def _told(self) -> str:
        return f"{self._name}: {self._refused} records were refused, the first: {self._refusal}"

    def _on_delivery(self, error: "KafkaError | None", message: "Message") -> None:
        if error is not None:
            self._refusal = self._refusal or error.str()
            self._refused += 1

    def _on_error(self, error: "KafkaError") -> None:
        """The client goes on trying; a broker that stays away shows as records that time out."""
        now_s = time.monotonic()
        if self._client is not None and now_s - self._complained_s > COMPLAIN_S:
            self._complained_s = now_s
            self._surroundings.say(f"{self._name}: {error.str()}; trying again")
