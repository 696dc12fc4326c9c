"""Two ingesters share the partitions of one stream; one is killed, the other is paused for longer than its lease."""

import signal
from collections.abc import Iterator
from urllib.parse import urlsplit
from zlib import crc32

import pytest
import redis
from confluent_kafka import Producer

from tests.conftest import wait_for
from tests.scale.conftest import Plant

PARTITIONS = 4
EVENTS = 1500
SET_UP = """
from streams.models import *
Stream.objects.update(enabled=False)  # of the other test: its server is gone
broker = Broker.objects.create(name="{kind}", kind="{kind}", host="127.0.0.1", port={port})
log = EventLog.objects.create(slug="{kind}", name="{kind}")
options = {{"partitions": {partitions}}} if "{kind}" == "redis" else {{}}
Stream.objects.create(slug="{kind}", name="{kind}", broker=broker, topic="in", format="json", log=log, options=options)
"""
COUNTS = "SELECT received, stored, duplicates, rejected, ignored FROM streams_stream WHERE slug = '{kind}'"
STORED = (
    'SELECT e."case", e.activity FROM streams_event e JOIN streams_eventlog l ON l.id = e.log_id '
    "WHERE l.slug = '{kind}' ORDER BY e.seq"
)


def payload(number: int) -> tuple[str, str]:
    """A case and an event of it that has no id: only its place in the partition tells it from another."""
    case = f"c{number % 13}"
    return case, f'{{"case":"{case}","activity":"{number}"}}'


def check(plant: Plant, kind: str, events: int) -> None:
    """Every event once, and the events of a case in their order."""

    def all_there() -> bool:
        [(received, stored, duplicates, rejected, ignored)] = plant.query(COUNTS.format(kind=kind))
        assert received == stored + duplicates + rejected + ignored
        assert stored <= events
        return stored == events

    wait_for(all_there, 40, "every event")
    found = plant.query(STORED.format(kind=kind))
    assert sorted(int(activity) for _, activity in found) == list(range(events))
    for case in {case for case, _ in found}:
        numbers = [int(activity) for of, activity in found if of == case]
        assert numbers == sorted(numbers)


def stored(plant: Plant, kind: str) -> int:
    return int(plant.query(COUNTS.format(kind=kind))[0][1])


def test_redis_entries_are_stored_once_though_ingesters_are_killed_and_paused(plant: Plant, redis_url: str) -> None:
    port = urlsplit(redis_url).port
    client = redis.Redis.from_url(redis_url)

    def send(numbers: range) -> None:
        for number in numbers:
            case, text = payload(number)
            client.xadd(f"in:{crc32(case.encode()) % PARTITIONS}", {"payload": text})

    plant.installation.manage("shell", "-v0", "-c", SET_UP.format(kind="redis", port=port, partitions=PARTITIONS))
    one, other = plant.start("ingest"), plant.start("ingest")
    broker = plant.number("SELECT id FROM streams_broker WHERE name = 'redis'")
    plant.wait_for_owners(f"broker:{broker}:", PARTITIONS, one, other)
    send(range(EVENTS // 3))
    wait_for(lambda: stored(plant, "redis") > 50, 20, "the first events")
    one.send_signal(signal.SIGSTOP)
    send(range(EVENTS // 3, 2 * EVENTS // 3))
    plant.wait_for_owners(f"broker:{broker}:", PARTITIONS, other)
    wait_for(lambda: stored(plant, "redis") > EVENTS // 2, 20, "the share of the one paused")
    one.send_signal(signal.SIGCONT)
    plant.wait_for_owners(f"broker:{broker}:", PARTITIONS, one, other)
    send(range(2 * EVENTS // 3, EVENTS))
    other.kill()
    other.wait()
    plant.wait_for_owners(f"broker:{broker}:", PARTITIONS, one)
    check(plant, "redis", EVENTS)
    plant.stop_all()


@pytest.fixture
def kafka() -> Iterator[str]:
    """``host:port`` of the Kafka that librdkafka brings along: unlike noida-db it forgets members that died."""
    server = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    [broker] = server.list_topics(timeout=10).brokers.values()
    yield f"{broker.host}:{broker.port}"
    server.flush(1)


def test_kafka_records_are_stored_once_though_an_ingester_is_killed(plant: Plant, kafka: str) -> None:
    producer = Producer({"bootstrap.servers": kafka, "partitioner": "consistent", "log_level": 0})

    def send(numbers: range) -> None:
        for number in numbers:
            case, text = payload(number)
            producer.produce("in", text, key=case)
        assert producer.flush(20) == 0

    send(range(EVENTS // 2))  # makes the topic, with four partitions
    port = kafka.rpartition(":")[2]
    plant.installation.manage("shell", "-v0", "-c", SET_UP.format(kind="kafka", port=port, partitions=0))
    one, other = plant.start("ingest"), plant.start("ingest")
    broker = plant.number("SELECT id FROM streams_broker WHERE name = 'kafka'")
    plant.wait_for_owners(f"broker:{broker}/", 2, one, other)
    wait_for(lambda: stored(plant, "kafka") > 50, 30, "the first events")
    one.kill()
    one.wait()
    send(range(EVENTS // 2, EVENTS))
    check(plant, "kafka", EVENTS)
    plant.stop_all()
