"""Redis Streams as a broker: a real server, entries acknowledged after the commit, each stored once."""

import json
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import redis
from django.core.exceptions import ValidationError

from streams.brokers.base import BrokerError, client_id
from streams.brokers.listening import listen
from streams.brokers.registry import test_connection as try_connection
from streams.models import Broker, Event, EventLog, Position, Rejection, Stream
from streams.recording.health import of_broker
from tests.conftest import free_port, wait_for
from tests.streams.conftest import counts, stored, wait_received

pytestmark = pytest.mark.django_db(transaction=True)

Register = Callable[..., Stream]


@pytest.fixture
def server(redis_url: str) -> "redis.Redis":
    return redis.Redis.from_url(redis_url)


@pytest.fixture
def row(transactional_db: None, redis_url: str) -> Broker:
    return Broker.objects.create(name="r", kind="redis", host="127.0.0.1", port=urlsplit(redis_url).port)


@pytest.fixture
def json_stream(row: Broker) -> Stream:
    return add(row, format="json", log=EventLog.objects.create(slug="l", name="l"))


def add(row: Broker, **columns: object) -> Stream:
    stream = Stream(slug="s", name="s", broker=row, **{"topic": "orders", **columns})
    stream.full_clean()
    stream.save()
    return stream


def pending(server: "redis.Redis", stream: Stream, key: str = "orders") -> int:
    return int(server.xpending(key, client_id(stream.broker_id))["pending"])


def test_entries_of_every_shape_are_stored_and_acknowledged(server, json_stream, ingesting):
    server.xadd("orders", {"payload": '{"case":"c1","activity":"A","at":"2026-01-02T10:00:00Z","n":1}'})
    server.xadd("orders", {"case": "c2", "activity": "B", "colour": "red"})  # fields instead of a payload
    server.xadd("orders", {"payload": "no JSON"})
    server.xadd("orders", {"payload": b"\xff"})
    ingesting(wait=False)
    assert wait_received(json_stream, 4) == {"received": 4, "stored": 2, "duplicates": 0, "rejected": 2, "ignored": 0}
    assert [(event.case, event.attributes) for event in Event.objects.order_by("seq")] == [
        ("c1", {"n": 1}),
        ("c2", {"colour": "red"}),
    ]
    assert sorted(Rejection.objects.values_list("reason", "topic")) == [("not_json", "orders"), ("not_utf8", "orders")]
    wait_for(lambda: pending(server, json_stream) == 0, what="the acknowledgement")
    wait_for(lambda: Broker.objects.get().backlog == 0, what="the backlog")
    assert of_broker(Broker.objects.get()).state == "connected"


def test_the_field_topic_says_process_case_and_activity(server, row, ingesting):
    stream = add(row, options={"escapes": "percent"})
    ingesting(wait=False)
    server.xadd("orders", {"topic": "loan/c%2F1/Check", "payload": json.dumps({"event": {"identity:id": "e1"}})})
    server.xadd("orders", {"topic": "loan", "payload": "{}"})
    assert wait_received(stream, 2) == {"received": 2, "stored": 1, "duplicates": 0, "rejected": 0, "ignored": 1}
    assert stored() == [("c/1", "Check")]
    assert EventLog.objects.get().name == "loan"


def test_what_was_stored_and_not_acknowledged_is_not_stored_again(server, json_stream, ingesting):
    server.execute_command("ACL", "SETUSER", "plant", "on", ">secret", "~*", "&*", "+@all", "-xack")
    Broker.objects.update(username="plant", password="secret")
    for number in range(5):
        server.xadd("orders", {"case": "c", "activity": f"A{number}"})
    running = ingesting(wait=False)
    wait_for(lambda: "xack" in Broker.objects.get().last_error.lower(), what="the refused acknowledgement")
    running.end()
    assert (counts(json_stream)["stored"], pending(server, json_stream)) == (5, 5)
    server.execute_command("ACL", "SETUSER", "plant", "+xack")
    server.xadd("orders", {"case": "c", "activity": "A5"})
    ingesting(wait=False)
    wait_for(lambda: counts(json_stream)["stored"] == 6, what="the next entry")
    assert [activity for _, activity in stored()] == [f"A{number}" for number in range(6)]
    assert counts(json_stream)["duplicates"] >= 5
    wait_for(lambda: pending(server, json_stream) == 0, what="the acknowledgements")
    assert len(Position.objects.get().taken) == 1  # of the last batch


def test_entries_that_another_machine_abandoned_are_taken_over_in_their_order(server, json_stream, ingesting):
    group = client_id(json_stream.broker_id)
    server.xgroup_create("orders", group, id="0", mkstream=True)
    for number in range(3):
        server.xadd("orders", {"case": "c", "activity": f"A{number}"})
    server.xreadgroup(group, "elsewhere", {"orders": ">"})
    ingesting(wait=False)
    wait_received(json_stream, 3)
    with server.pipeline() as pipe:  # at once, as an owner that did not know it had lost the key
        pipe.xadd("orders", {"case": "c", "activity": "A3"})
        pipe.xreadgroup(group, "paused", {"orders": ">"})
        pipe.xadd("orders", {"case": "c", "activity": "A4"})
        pipe.execute()
    wait_received(json_stream, 5)
    wait_for(lambda: pending(server, json_stream) == 0, what="the acknowledgements")
    assert [activity for _, activity in stored()] == ["A0", "A1", "A2", "A3", "A4"]


def test_a_key_that_is_deleted_and_written_again_is_read_on(server, json_stream, ingesting):
    ingesting(wait=False)
    server.xadd("orders", {"case": "c", "activity": "A"})
    wait_received(json_stream, 1)
    server.delete("orders")
    wait_for(lambda: "deleted" in Broker.objects.get().last_error, what="the missing key")
    assert Broker.objects.get().last_error_code == "key-deleted"
    server.xadd("orders", {"case": "c", "activity": "B"})
    wait_received(json_stream, 2)
    assert [activity for _, activity in stored()] == ["A", "B"]


def test_a_server_that_is_away_or_refuses_us_is_told_in_words(server, row):
    assert try_connection(row, 2) is None
    server.config_set("requirepass", "secret")
    assert "refused" in (try_connection(row, 2) or "")
    row.password = "secret"
    row.save()
    row.refresh_from_db()
    assert try_connection(row, 2) is None
    row.port = free_port()
    assert "cannot be used" in (try_connection(row, 2) or "")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"topic": "orders/#"}, "follows one key"),
        ({"options": {"retained": True}}, "only for brokers of the kind mqtt"),
        ({"options": {"partitions": 0}}, "from 1 to 256"),
    ],
)
def test_what_only_mqtt_has_is_refused(row, columns, words):
    with pytest.raises(ValidationError, match=words):
        add(row, **columns)


def test_a_look_shows_the_newest_entries_and_leaves_no_group_behind(server, row):
    assert listen(row, "orders", seconds=0.1) == []
    for number in range(30):
        server.xadd("orders", {"payload": f'{{"case":"c1","activity":"A{number}"}}'})
    heard = listen(row, "orders")
    assert [json.loads(one.payload)["activity"] for one in heard] == [f"A{number}" for number in range(10, 30)]
    assert server.xinfo_groups("orders") == []
    server.set("text", "no stream")
    with pytest.raises(BrokerError, match="Redis cannot be used"):
        listen(row, "text")
