"""A real Kafka-compatible server for tests (noida-db: one binary, no Java), and a reader of its topics."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import noida_db
import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.conftest import free_port, listening, wait_for


class KafkaServer:
    """``servers`` is its ``host:port``; it can be killed."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.servers = f"127.0.0.1:{self.port}"
        program = Path(noida_db.__file__).with_name("noida-db")  # not the script of that name: it outlives being killed
        command = [program, "start", "--data-dir", folder, "--only", "kafka", "--kafka-port", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: listening(self.port), timeout_s=20, what="the Kafka server")

    def kill(self) -> None:
        """SIGKILL; twice is harmless."""
        self._process.kill()
        self._process.wait(timeout=10)

    def make_topic(self, name: str, partitions: int) -> str:
        admin = AdminClient({"bootstrap.servers": self.servers})
        admin.create_topics([NewTopic(name, partitions)])[name].result(10)
        return name

    def read(self, topic: str, count: int, timeout_s: float = 20) -> list[Message]:
        """The first ``count`` records of all partitions; fails where there are fewer, or more."""
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": "reader", "enable.auto.commit": False})
        try:
            partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
            records: list[Message] = []
            deadline = time.monotonic() + timeout_s
            while len(records) < count and time.monotonic() < deadline:
                records += [record for record in consumer.consume(1_000, 0.2) if record.error() is None]
            highs = [consumer.get_watermark_offsets(TopicPartition(topic, number))[1] for number in partitions]
            if sum(highs) != count or len(records) != count:
                pytest.fail(f"{len(records)} records of {topic} read, {sum(highs)} there, expected {count}")
            return records
        finally:
            consumer.close()


@contextmanager
def kafka_server(folder: Path) -> Iterator[KafkaServer]:
    server = KafkaServer(folder)
    try:
        yield server
    finally:
        server.kill()
