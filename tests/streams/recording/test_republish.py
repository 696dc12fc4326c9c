"""Stored events sent on to a broker, and read back from there into another log."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from django.core.exceptions import ValidationError
from django.core.management import call_command

from foundation.models import Lease
from foundation.processes import leases
from streams.events.store import NewEvent, store_events
from streams.models import Broker, Event, EventLog, Republish, Stream
from streams.recording.republish import Republisher
from tests.conftest import free_port, wait_for
from tests.simulator.kafka_server import kafka_server

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2026, 1, 2, 10, 0, 0, 123456, tzinfo=UTC)
EVENTS = 700  # more than a batch


@pytest.fixture
def log() -> EventLog:
    return EventLog.objects.create(slug="source", name="source")


@pytest.fixture
def target(log: EventLog) -> EventLog:
    return EventLog.objects.create(slug="target", name="target")


@pytest.fixture
def started(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Broker]]:
    """Starts a broker of a kind, and registers it."""
    with ExitStack() as stack:

        def start(kind: str) -> Broker:
            port = 0
            if kind == "kafka":
                server = stack.enter_context(kafka_server(tmp_path))
                server.make_topic("out", 3)
                port = server.port
            elif kind == "redis":
                port = urlsplit(request.getfixturevalue("redis_url")).port
            else:
                port = urlsplit(request.getfixturevalue("second_broker")).port
            return Broker.objects.create(name=kind, kind=kind, host="127.0.0.1", port=port)

        yield start


def store(log: EventLog, numbers: range) -> None:
    store_events(
        [
            NewEvent(
                log_id=log.pk,
                case=f"c{number % 7}",
                activity=f"A{number}",
                at=AT + timedelta(seconds=number),
                received_at=AT,
                event_id=f"e{number}" if number % 2 else None,
                attributes={"caseid": "another", "n": number, "case:x": [1, {"y": None}]},
            )
            for number in numbers
        ]
    )


def by_case(log: EventLog) -> dict[str, list[tuple[object, ...]]]:
    found: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for event in Event.objects.filter(log=log).order_by("seq"):
        found[event.case].append((event.activity, event.at, event.attributes))
    return found


@pytest.mark.parametrize("kind", ["kafka", "redis", "mqtt"])
def test_every_event_comes_back_equal_and_in_the_order_of_its_case(started, log, target, ingesting, kind):
    broker = started(kind)
    partitions = {"partitions": 3} if kind == "redis" else {}
    options = {"mapping": {"attributes": "/attributes"}, "options": partitions}
    stream = Stream(slug="back", name="back", broker=broker, topic="out", format="json", log=target, **options)
    stream.full_clean()
    stream.save()
    row = Republish(log=log, broker=broker, topic="out", **partitions)
    row.full_clean()
    running = ingesting(wait=kind == "mqtt")
    store(log, range(EVENTS))
    row.save()
    wait_for(lambda: Republish.objects.get().seq == EVENTS, 20, "the confirmation of all")
    store(log, range(EVENTS, EVENTS + 5))
    wait_for(lambda: Event.objects.filter(log=target).count() == EVENTS + 5, 30, "all of them back")
    assert by_case(target) == by_case(log)
    ids = Event.objects.filter(log=target).values_list("event_id", flat=True)
    assert len({id_ for id_ in ids if id_}) == EVENTS + 5
    # What is sent again is known by its id, also where the event had none.
    running.end()
    Republish.objects.update(seq=EVENTS - 100)
    ingesting(wait=False)
    wait_for(lambda: Stream.objects.get().duplicates == 105, 20, "the duplicates")
    assert Event.objects.filter(log=target).count() == EVENTS + 5


def test_nothing_is_passed_over_while_the_target_is_away(started, log, ingesting):
    broker = started("redis")
    server = redis.Redis(port=broker.port)
    Broker.objects.update(port=free_port())
    row = Republish.objects.create(log=log, broker=broker, topic="out")
    store(log, range(3))
    ingesting(wait=False)
    wait_for(lambda: "cannot be used" in Republish.objects.get().last_error, what="the error")
    assert Republish.objects.get().seq == 0
    Broker.objects.filter(pk=broker.pk).update(port=broker.port)
    wait_for(lambda: Republish.objects.get().seq == 3, what="all sent")
    assert Republish.objects.get().last_error == ""
    assert server.xlen("out") == 3
    row.enabled = False
    row.save()
    store(log, range(3, 6))
    call_command("ingest", "--once")
    assert server.xlen("out") == 3


def test_who_lost_the_lease_moves_no_cursor(started, log):
    broker = started("redis")
    row = Republish.objects.create(log=log, broker=broker, topic="out")
    store(log, range(3))
    assert leases.acquire(f"republish:{row.pk}")
    Lease.objects.update(owner="elsewhere:1/1")
    sender = Republisher(row.pk, threading.Event(), once=True)
    sender.run()
    assert Republish.objects.get().seq == 0


def test_a_log_is_not_sent_round_to_itself(log):
    broker = Broker.objects.create(name="b", host="127.0.0.1", port=1)
    Stream.objects.create(slug="s", name="s", broker=broker, topic="plant/+", format="json", log=log)
    with pytest.raises(ValidationError, match="go round"):
        Republish(log=log, broker=broker, topic="plant/1").full_clean()
    with pytest.raises(ValidationError, match="no \\+"):
        Republish(log=log, broker=broker, topic="plant/+").full_clean()
