"""``kafka``: one record an event. Needs the package confluent-kafka (the extra ``kafka``)."""

from collections.abc import Callable
from importlib.util import find_spec
from zlib import crc32

from simulator.emission.wire import five_keys_json
from simulator.reading.fields import Fields
from simulator.sinks import SINKS
from simulator.sinks.base import Overrides, Sink, SinkHead, Surroundings
from simulator.sinks.kafka_producer import Producer
from simulator.world.event import Event

PACKAGE = "confluent_kafka"
PARTITIONS = {"constant": "constant", "case": "case", "caseId": "case"}
MAX_PARTITION = 2**31 - 1

Partition = Callable[[str], int]
"""Case → partition."""


def partition_by_case(count: int) -> Partition:
    """All events of a case in one of ``count`` partitions: CRC-32 of the case id in UTF-8, modulo ``count``.

    The same in every run and on every machine; librdkafka's partitioner ``consistent`` takes the same for a key.
    """
    return lambda case: crc32(case.encode()) % count


class KafkaSink(Sink):
    """Value: DEF's JSON object. Key: the case. ``servers`` as ``host:port``, several separated by commas."""

    def __init__(
        self, servers: str, topic: str, *, client_id: str, partition: Partition, partitions: int | None = None
    ) -> None:
        """``partitions``: how many the topic must have at least (None: any number)."""
        self._producer = Producer(servers, topic, client_id=client_id, partitions=partitions)
        self._partition = partition

    def open(self, surroundings: Surroundings) -> None:
        self._producer.open(surroundings)

    def send(self, event: Event) -> None:
        value = five_keys_json(event).encode()
        self._producer.produce(value, key=event.case.encode(), partition=self._partition(event.case))

    def idle(self) -> None:
        self._producer.poll()

    def close(self) -> None:
        self._producer.close()


@SINKS.register("kafka")
def read(fields: Fields, head: SinkHead, overrides: Overrides) -> Sink:
    """Fields: bootstrapServer, clientId, topic; partition with type constant or case."""
    if find_spec(PACKAGE) is None:
        fields.error("type", "'kafka' needs a package that is not installed: pip install confluent-kafka")
    servers = fields.text("bootstrapServer", expected="text, host:port")
    if servers and not all(_is_server(server) for server in servers.split(",")):
        fields.error("bootstrapServer", f"has a wrong value, got {servers!r}, expected host:port")
    topic, client_id = fields.text("topic"), fields.text("clientId")
    partition, partitions = _partition(fields)
    return KafkaSink(servers, topic, client_id=client_id, partition=partition, partitions=partitions)


def _is_server(text: str) -> bool:
    host, _, port = text.strip().rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) < 65_536


def _partition(fields: Fields) -> tuple[Partition, int | None]:
    section = fields.section("partition")
    kind = section.choice("type", known=PARTITIONS) if section else None
    if section is None or kind is None:
        if section:
            section.ignore(*section.names)
        return partition_by_case(1), None
    if kind == "case":
        count = _within(section, "partitionCount", section.whole("partitionCount", "numberPartitions", minimum=1))
        return partition_by_case(count), count
    number = _within(section, "partition", section.whole("partition"))
    return lambda case: number, number + 1


def _within(fields: Fields, name: str, value: int) -> int:
    if value > MAX_PARTITION:
        fields.error(name, f"has a wrong value, got {value}, expected at most {MAX_PARTITION}")
        return 1
    return value
