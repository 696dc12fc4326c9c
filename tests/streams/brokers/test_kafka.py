"""Kafka as a broker: a real server, offsets behind the commit, partitions that change hands."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from streams.brokers.base import BrokerError
from streams.brokers.kafka import KafkaSource
from streams.brokers.listening import listen
from streams.brokers.registry import check_broker
from streams.brokers.registry import test_connection as try_connection
from streams.models import Broker, Event, EventLog, Position, Rejection, Stream
from tests.conftest import free_port, wait_for
from tests.simulator.kafka_server import KafkaServer, kafka_server
from tests.streams.conftest import counts, stored, wait_received

pytestmark = pytest.mark.django_db(transaction=True)

Send = Callable[..., None]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    with kafka_server(tmp_path_factory.mktemp("kafka")) as made:
        yield made


@pytest.fixture
def topic(server: KafkaServer) -> str:
    return server.make_topic(f"t-{uuid4().hex[:12]}", 2)


@pytest.fixture
def row(transactional_db: None, server: KafkaServer) -> Broker:
    return Broker.objects.create(name="k", kind="kafka", host="127.0.0.1", port=server.port)


@pytest.fixture
def stream(row: Broker, topic: str) -> Stream:
    made = Stream(slug="s", name="s", broker=row, topic=topic, format="json")
    made.log = EventLog.objects.create(slug="l", name="l")
    made.full_clean()
    made.save()
    return made


@pytest.fixture
def send(server: KafkaServer, topic: str) -> Send:
    producer = Producer({"bootstrap.servers": server.servers})

    def send(*payloads: object, **columns: object) -> None:
        for payload in payloads:
            value = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
            producer.produce(topic, value, **{"key": b"c", **columns})
        assert producer.flush(10) == 0

    return send


def event(number: int, case: str = "c") -> dict[str, str]:
    return {"case": case, "activity": f"A{number}"}


def written() -> Position:
    """The position in the partition of the tests' only case."""
    [row] = [row for row in Position.objects.all() if row.taken]
    return row


def activities() -> list[str]:
    return [activity for _, activity in stored()]


def test_records_are_stored_in_order_and_bad_ones_kept_apart(stream, ingesting, send):
    send(event(0), b"no JSON", event(1))
    ingesting(wait=False)
    assert wait_received(stream, 3, 30) == {"received": 3, "stored": 2, "duplicates": 0, "rejected": 1, "ignored": 0}
    assert activities() == ["A0", "A1"]
    assert Rejection.objects.get().reason == "not_json"
    wait_for(lambda: Broker.objects.get().backlog == 0, what="the backlog")
    send(event(2))
    wait_received(stream, 4)


def test_the_header_topic_says_process_case_and_activity(stream, ingesting, send):
    Stream.objects.update(format="mqtt-xes", log=None)
    send(b"{}", headers={"topic": b"loan/c1/Check"})
    ingesting(wait=False)
    wait_received(stream, 1, 30)
    assert stored() == [("c1", "Check")]


def test_our_own_position_counts_not_the_offset_kafka_has(stream, ingesting, send):
    """As after a kill between commit and offset, or when the database comes from a backup."""
    send(*map(event, range(5)))
    running = ingesting(wait=False)
    wait_received(stream, 5, 30)
    running.end()
    position = written()
    assert position.taken[0] == 4
    Position.objects.filter(pk=position.pk).update(taken=[2, position.taken[1]])
    Stream.objects.update(received=0, stored=0)
    ingesting(wait=False)
    wait_received(stream, 2, 30)
    send(event(5))
    wait_received(stream, 3)
    assert activities() == ["A0", "A1", "A2", "A3", "A4", "A3", "A4", "A5"]


def test_an_owner_that_lost_its_partition_stores_nothing(stream, ingesting, send):
    send(event(0))
    ingesting(wait=False)
    wait_received(stream, 1, 30)
    fence = written().fence
    Position.objects.update(fence=fence + 1)  # as another ingester does that the group gave the partition to
    send(event(1), event(2))
    wait_received(stream, 3, 30)  # it began anew, as the owner
    assert written().fence > fence + 1
    assert activities() == ["A0", "A1", "A2"]
    assert counts(stream)["duplicates"] == 0


def test_a_topic_that_is_not_there_yet_is_taken_as_soon_as_it_is(row, server, ingesting):
    name = f"later-{uuid4().hex[:8]}"
    log = EventLog.objects.create(slug="l", name="l")
    made = Stream.objects.create(slug="s", name="s", broker=row, topic=name, format="json", log=log)
    ingesting(wait=False)
    wait_for(lambda: Broker.objects.get().state == "connected", 20, "the connection")
    producer = Producer({"bootstrap.servers": server.servers})
    server.make_topic(name, 1)
    producer.produce(name, json.dumps(event(0)).encode())
    assert producer.flush(10) == 0
    wait_received(made, 1, 30)
    assert Event.objects.get().case == "c"


def test_what_is_wrong_is_told_in_words(row, server, monkeypatch):
    assert try_connection(row, 5) is None
    row.port = free_port()
    assert "cannot be used" in (try_connection(row, 1) or "")
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    assert "pip install confluent-kafka" in (try_connection(row, 1) or "")


def test_while_the_database_rests_the_partitions_are_kept_and_nothing_is_passed_over(stream, send):
    source = KafkaSource(stream.broker)
    source.connect()
    source.follow([stream])
    send(*map(event, range(50)))
    found: list[int] = []

    def take(limit: int = 10) -> int:
        found.extend(record.offset for record in source.receive(limit, 0.2))
        return len(found)

    try:
        wait_for(lambda: take(10) >= 10, 20, "the first records")
        for _ in range(3):
            source.keep_alive(0.1)
        send(*map(event, range(50, 60)))
        source.keep_alive(0.1)
        wait_for(lambda: take(10) >= 60, 20, "the other records")
    finally:
        source.close()
        source.release()
    assert found == list(range(60))


def test_a_check_tells_of_topics_on_one_server_only(stream, topic):
    found = {finding.about: finding for finding in check_broker(stream.broker)}
    assert found["connection"].level == "ok"
    assert found["replication"].level == "warning"
    assert f"{topic}: 2 partitions, each on 1 server" in found["replication"].detail
    assert found["retention"].level in ("ok", "unknown"), found["retention"]


def test_a_cluster_that_sends_us_where_no_broker_may_be_is_left(row: Broker, settings: Any) -> None:
    """It says itself where its servers are; a name that is allowed opens no other host."""
    row.host = "localhost"
    settings.BROKER_HOSTS = ["localhost"]
    told = str(try_connection(row, 5.0))  # its server calls itself 127.0.0.1
    assert "Kafka names a server at 127.0.0.1" in told
    assert "PROCMINE_BROKER_HOSTS" in told
    settings.BROKER_HOSTS = ["localhost", "127.0.0.0/8"]
    assert try_connection(row, 5.0) is None


def test_a_look_shows_the_newest_records_and_moves_no_offset(
    row: Broker, topic: str, send: Send, stream: Stream, ingesting: Callable[..., Any]
) -> None:
    send(*({"case": "c", "activity": f"A{number}"} for number in range(30)))
    heard = listen(row, topic)
    assert [json.loads(one.payload)["activity"] for one in heard] == [f"A{number}" for number in range(20, 30)]
    with pytest.raises(BrokerError, match="There is no topic nothing"):
        listen(row, "nothing")
    ingesting(wait=False)
    assert wait_received(stream, 30, timeout_s=30)["stored"] == 30
