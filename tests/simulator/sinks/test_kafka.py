"""The sink ``kafka`` against a real Kafka-compatible server."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4
from zlib import crc32

import pytest

from simulator.config import load_config
from simulator.errors import ConfigError, SinkError
from simulator.simulation import Simulation
from simulator.sinks import kafka, kafka_producer
from simulator.sinks.kafka import partition_by_case
from tests.conftest import free_port
from tests.simulator.kafka_server import KafkaServer, kafka_server
from tests.simulator.worlds import COUNTED, PRESS, SINK, sound_but

START_AT = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
CONSTANT = "{type: constant, partition: 0}"
KAFKA_SINK = SINK.replace(
    "type: test",
    "type: kafka\n      bootstrapServer: SERVERS\n      clientId: c\n      topic: TOPIC\n      partition: PARTITION",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    with kafka_server(tmp_path_factory.mktemp("kafka")) as made:
        yield made


@pytest.fixture
def topic() -> str:
    return f"t-{uuid4().hex[:12]}"


def filled(servers: str = "127.0.0.1:9092", topic: str = "orders", partition: str = CONSTANT) -> str:
    return KAFKA_SINK.replace("SERVERS", servers).replace("TOPIC", topic).replace("PARTITION", partition)


def loaded(folder: Path, sink: str, *, steps: int = 10, said: list[str] | None = None) -> Simulation:
    files = {"sink": sink, "simulation": COUNTED.replace("steps: 10", f"steps: {steps}")}
    return Simulation.load([sound_but(folder, **files)], seed=1, say=None if said is None else said.append)


def test_each_event_is_one_record_with_its_case_as_key(
    tmp_path: Path, server: KafkaServer, topic: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before_ms = time.time() * 1000
    assert loaded(tmp_path, filled(server.servers, topic)).run(start=START_AT) == 10
    records = server.read(topic, 10)
    value = json.loads(records[0].value())
    assert list(value) == ["timestamp", "activity", "caseid", "node", "group"]
    assert value["timestamp"] == "2026-05-06 07:09:39"
    assert [record.key().decode() for record in records] == [json.loads(record.value())["caseid"] for record in records]
    assert {record.partition() for record in records} == {0}
    assert {record.headers() for record in records} == {None}
    assert min(record.timestamp()[1] for record in records) >= int(before_ms)  # real time, not simulated
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("form", ["{type: case, partitionCount: 3}", "{type: caseId, numberPartitions: 3}"])
def test_all_events_of_a_case_are_in_one_partition_in_their_order(
    tmp_path: Path, server: KafkaServer, topic: str, form: str
) -> None:
    server.make_topic(topic, 3)
    assert loaded(tmp_path, filled(server.servers, topic, form), steps=12_000).run(start=START_AT) == 12_000
    moments: dict[tuple[int, str], list[str]] = defaultdict(list)
    for record in server.read(topic, 12_000):
        value = json.loads(record.value())
        assert record.partition() == crc32(value["caseid"].encode()) % 3
        moments[record.partition(), value["caseid"]].append(value["timestamp"])
    assert {partition for partition, _ in moments} == {0, 1, 2}
    assert len({case for _, case in moments}) == len(moments)
    assert all(in_order == sorted(in_order) for in_order in moments.values())


def test_the_partition_of_a_case_is_the_same_in_every_run() -> None:
    assert [partition_by_case(7)(f"case_{number}") for number in (1, 2, 3, 4)] == [5, 1, 3, 5]


def test_a_broker_that_is_not_there_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_producer, "CONNECT_S", 0.5)
    servers = f"127.0.0.1:{free_port()}"
    with pytest.raises(SinkError, match=rf"^kafka://{servers}/orders: no answer from the broker: "):
        loaded(tmp_path, filled(servers)).run()


def test_a_topic_with_too_few_partitions_is_refused_before_the_first_record(
    tmp_path: Path, server: KafkaServer, topic: str
) -> None:
    server.make_topic(topic, 2)
    for partition in ("{type: case, partitionCount: 3}", "{type: constant, partition: 2}"):
        with pytest.raises(SinkError, match="the topic has 2 partitions, expected at least 3"):
            loaded(tmp_path, filled(server.servers, topic, partition)).run()
    server.read(topic, 0)


def test_a_topic_that_the_broker_does_not_take_is_a_clear_error(tmp_path: Path, server: KafkaServer) -> None:
    with pytest.raises(SinkError, match=rf"^kafka://{server.servers}/a b: Broker: Invalid topic$"):
        loaded(tmp_path, filled(server.servers, "a b")).run()


def test_a_record_that_is_refused_ends_the_run(tmp_path: Path, server: KafkaServer, topic: str) -> None:
    press = PRESS.replace("activity: jam", f"activity: {'x' * 1_500_000}")
    folder = sound_but(tmp_path, sink=filled(server.servers, topic), press=press)
    with pytest.raises(SinkError, match=r"a record was refused: .*Message size too large"):
        Simulation.load([folder], seed=1).run(count=50)


def test_a_broker_that_goes_away_ends_the_run(tmp_path: Path, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_producer, "GONE_S", 2.0)
    said: list[str] = []
    with kafka_server(tmp_path / "kafka") as mortal:
        simulation = loaded(tmp_path, filled(mortal.servers, topic), steps=100_000, said=said)

        def break_down(event: object) -> None:
            if simulation.sent == 5:
                mortal.kill()

        with pytest.raises(SinkError, match=r"\d+ records were refused, the first: Local: Message timed out"):
            simulation.add_sink(break_down).run()
    assert said[0].endswith("trying again")


def test_records_that_are_never_acknowledged_fail_at_the_end(
    tmp_path: Path, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_producer, "FLUSH_S", 0.5)
    with kafka_server(tmp_path / "kafka") as mortal:
        simulation = loaded(tmp_path, filled(mortal.servers, topic))

        def break_down(event: object) -> None:
            if simulation.sent == 5:
                mortal.kill()

        with pytest.raises(SinkError, match=r"\d+ records were not acknowledged within 0\.5 s"):
            simulation.add_sink(break_down).run()


# --- What is refused when loading ---------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            filled(partition="{type: hash}"),
            "spec.partition.type: is unknown, got 'hash', expected one of case, constant",
        ),
        (filled(partition="{type: case}"), "spec.partition.partitionCount: is missing, expected a whole number from 1"),
        (filled(partition="{type: case, partitionCount: 0}"), "got 0 (number), expected a whole number from 1 on"),
        (filled(partition="{type: constant, partition: -1}"), "got -1 (number), expected a whole number from 0 on"),
        (filled(partition="{type: constant, partition: 1e12}"), "expected at most 2147483647"),
        (filled(partition="3"), "spec.partition: has a wrong value, got 3 (number), expected a mapping"),
        (filled(servers="kafka"), "spec.bootstrapServer: has a wrong value, got 'kafka', expected host:port"),
        (filled().replace("clientId", "client"), "spec.clientId: is missing, expected text"),
        (filled().replace("topic: orders", ""), "spec.topic: is missing, expected text"),
    ],
)
def test_a_wrong_kafka_sink_is_refused_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config([sound_but(tmp_path, sink=text)])
    (line,) = str(caught.value).splitlines()
    assert expected in line


def test_loading_connects_to_nothing(tmp_path: Path) -> None:
    config = load_config([sound_but(tmp_path, sink=filled(f"127.0.0.1:{free_port()}"))])
    assert config.warnings == ()


def test_a_missing_package_is_named_when_loading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "PACKAGE", "confluent_kafka_that_is_not_there")
    with pytest.raises(ConfigError, match="needs a package that is not installed: pip install confluent-kafka"):
        load_config([sound_but(tmp_path, sink=filled())])
