"""From a real broker to rows, and back by acknowledgements: what a consumer must survive, and the counters."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.db import connection

from streams.models import Broker, Delivered, Event, EventLog, Rejection, Stream
from streams.recording.retry import retry
from tests.conftest import wait_for
from tests.streams.conftest import counts, stored, wait_received

pytestmark = pytest.mark.django_db(transaction=True)

LATER = b'{"event":{"time:timestamp":"2011-05-01T10:00:00Z"}}'
AFTER = "c9/Last"  # a good event behind each bad message: nothing ended


def test_events_of_a_process_open_its_log_and_are_stored(registered, ingesting, publish, base):
    stream = registered()
    ingesting()
    publish(f"{base}/loan/c1/Check", b"", LATER)
    assert wait_received(stream, 2) == {"received": 2, "stored": 2, "duplicates": 0, "rejected": 0, "ignored": 0}
    log = EventLog.objects.get(name="loan")
    assert (log.opened_by, log.stored, log.next_seq) == (stream, 2, 3)
    first, second = Event.objects.order_by("seq")
    assert (first.at_source, second.at_source) == ("arrival", "given")
    assert second.at == datetime(2011, 5, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("topic", "payload", "case", "activity"),
    [
        pytest.param("loan/c/Check", b"", "c", "Check", id="an empty payload"),
        pytest.param("loan/c/Check", b"{}", "c", "Check", id="an empty object"),
        pytest.param("loan/0/Check", b"{}", "0", "Check", id="case 0"),
        pytest.param("loan/Gemüse 🥕/Прием", b"{}", "Gemüse 🥕", "Прием", id="Unicode"),
        pytest.param("loan/c/A%2FB", b"{}", "c", "A/B", id="an escaped slash in an activity"),
        pytest.param("loan/c/Old", b'{"time":"0001-01-02"}', "c", "Old", id="a moment ages ago"),
        pytest.param("loan/c/New", b'{"time":"9998-01-02"}', "c", "New", id="a moment years ahead"),
        pytest.param("loan/c/Big", json.dumps({"x": "y" * 1_000_000}).encode(), "c", "Big", id="a payload of 1 MB"),
    ],
)
def test_an_odd_message_is_an_event(registered, ingesting, publish, base, topic, payload, case, activity):
    stream = registered(options={"escapes": "percent"})
    ingesting()
    publish(f"{base}/{topic}", payload)
    assert wait_received(stream, 1)["stored"] == 1
    assert stored() == [(case, activity)]


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        pytest.param("loan/c/Check", b"[1]", "not_object", id="a JSON array"),
        pytest.param("loan/c/Check", b"7", "not_object", id="a JSON number"),
        pytest.param("loan/c/Check", b'"x"', "not_object", id="a JSON text"),
        pytest.param("loan/c/Check", b'{"a":', "not_json", id="broken JSON"),
        pytest.param("loan/c/Check", b"\xff\xfe", "not_utf8", id="bytes that are not UTF-8"),
        pytest.param("/c/Check", b"", "empty_process", id="an empty process"),
        pytest.param("loan//Check", b"", "empty_case", id="an empty case"),
        pytest.param("loan/c/", b"", "empty_activity", id="an empty activity"),
        pytest.param("loan/c/A/B", b"", "topic_levels", id="a slash in an activity"),
        pytest.param("loan/c/Check", b'{"a":"' + b"y" * (1 << 20) + b'"}', "too_long", id="more than 1 MiB"),
        pytest.param("loan/c/Check", b'{"a":"' + b"y" * (3 << 20) + b'"}', "too_long", id="more than is kept of it"),
        pytest.param("loan/c%00/Check", b"", "nul", id="an escaped NUL"),
        pytest.param("loan/c/%ff", b"", "bad_escape", id="an escape that is not UTF-8"),
        pytest.param("loan/c/Check", b'{"time":"tomorrow"}', "bad_time", id="a time that is none"),
        pytest.param("loan/c/Check", b'{"a":"\\u0000"}', "nul", id="a NUL that PostgreSQL could not keep"),
        pytest.param("loan/c/Check", b'{"a":' + b"[" * 500 + b"]" * 500 + b"}", "too_deep", id="great depth"),
    ],
)
def test_a_bad_message_is_kept_with_its_reason_and_the_next_is_stored(
    registered, ingesting, publish, base, topic, payload, reason
):
    stream = registered(options={"escapes": "percent"})
    ingesting()
    publish(f"{base}/{topic}", payload)
    publish(f"{base}/loan/{AFTER}", b"")
    assert wait_received(stream, 2) == {"received": 2, "stored": 1, "duplicates": 0, "rejected": 1, "ignored": 0}
    rejection = Rejection.objects.get()
    assert (rejection.reason, rejection.topic) == (reason, f"{base}/{topic}")
    assert bytes(rejection.payload) == payload[: 64 * 1024]
    assert rejection.detail.endswith((".", "?"))
    assert stored() == [("c9", "Last")]


def test_a_missing_process_level_is_ignored_and_the_first_hundred_are_kept(registered, ingesting, publish, base):
    stream = registered()
    ingesting()
    publish(f"{base}/c/Check", *[b""] * 120)
    assert wait_received(stream, 120)["ignored"] == 120
    assert set(Rejection.objects.values_list("reason", flat=True)) == {"ignored"}
    assert Rejection.objects.count() == 100


def test_the_same_message_twice_is_stored_once_if_it_has_an_id(registered, ingesting, publish, base):
    stream = registered()
    ingesting()
    publish(f"{base}/loan/c/Check", b'{"id":"e1"}', b'{"id":"e1"}', b'{"id":"e2"}')
    publish(f"{base}/loan/c/Check", b'{"event":{"identity:id":"e2"}}')
    assert wait_received(stream, 4) == {"received": 4, "stored": 2, "duplicates": 2, "rejected": 0, "ignored": 0}


def test_two_equal_messages_without_an_id_are_two_events(registered, ingesting, publish, base):
    stream = registered()
    ingesting()
    publish(f"{base}/loan/c/Check", LATER, LATER)
    assert wait_received(stream, 2)["stored"] == 2


def test_events_out_of_order_and_of_equal_times_keep_their_order_of_arrival(registered, ingesting, publish, base):
    stream = registered()
    ingesting()
    for activity, at in (("A", "2026-01-02"), ("B", "2026-01-01"), ("C", "2026-01-02")):
        publish(f"{base}/loan/c/{activity}", b'{"time":"%s"}' % at.encode())
    wait_received(stream, 3)
    assert stored() == [("c", "A"), ("c", "B"), ("c", "C")]


@pytest.mark.parametrize(("options", "kind"), [({}, "ignored"), ({"retained": True}, "stored")])
def test_a_retained_message_is_ignored_unless_asked_for(registered, ingesting, publish, base, options, kind):
    publish(f"{base}/loan/c/Old", b"{}", retain=True)
    stream = registered(options=options)
    ingesting()
    publish(f"{base}/loan/c/New", b"{}")
    assert wait_received(stream, 2)[kind] == (2 if kind == "stored" else 1)
    publish(f"{base}/loan/c/Old", b"", retain=True)


@pytest.mark.parametrize(("future", "kind"), [("accept", "stored"), ("refuse", "rejected"), ("clamp", "stored")])
def test_an_event_of_the_future_is_treated_as_the_option_says(registered, ingesting, publish, base, future, kind):
    stream = registered(options={"future": future})
    ingesting()
    publish(f"{base}/loan/c/Check", b'{"time":"2999-01-01T00:00:00Z"}')
    assert wait_received(stream, 1)[kind] == 1
    sources = {"accept": ["given"], "clamp": ["clamped"], "refuse": []}
    assert list(Event.objects.values_list("at_source", flat=True)) == sources[future]


def test_a_stream_opens_only_so_many_logs(registered, ingesting, publish, base, settings):
    settings.MAX_NEW_LOGS = 2
    stream = registered()
    ingesting()
    for process in ("p1", "p2", "p3", "p1"):
        publish(f"{base}/{process}/c/Check", b"")
    assert wait_received(stream, 4)["rejected"] == 1
    assert Rejection.objects.get().reason == "too_many_logs"
    assert EventLog.objects.count() == 2


def test_a_process_goes_to_the_log_of_exactly_its_name(registered, ingesting, publish, base):
    EventLog.objects.create(slug="loan", name="Loan")
    stream = registered()
    ingesting()
    publish(f"{base}/loan/c/Check", b"")
    publish(f"{base}/Loan/c/Check", b"")
    wait_received(stream, 2)
    assert set(EventLog.objects.values_list("name", "slug", "stored")) == {("Loan", "loan", 1), ("loan", "loan-2", 1)}


def test_json_events_of_a_factory_are_read_with_their_usual_keys(registered, ingesting, publish, base):
    log = EventLog.objects.create(slug="f", name="f")
    stream = registered(topic=f"{base}/+/events", format="json", log=log)
    ingesting()
    line = {"timestamp": "2026-01-02 10:00:00", "activity": "Pack", "caseid": 7, "node": "line-2", "group": "hall"}
    publish(f"{base}/1/events", json.dumps(line).encode())
    publish(f"{base}/2/events", b'{"activity":"Pack"}')
    assert wait_received(stream, 2)["stored"] == 1
    event = Event.objects.get()
    assert (event.case, event.activity, event.attributes) == ("7", "Pack", {"node": "line-2", "group": "hall"})
    assert Rejection.objects.get().reason == "missing_case"


def test_messages_of_qos_0_and_2_are_stored_too(registered, ingesting, publish, base):
    stream = registered(qos=2)
    ingesting()
    publish(f"{base}/loan/c/Zero", b"", qos=0)
    publish(f"{base}/loan/c/Two", b"", qos=2)
    assert wait_received(stream, 2)["stored"] == 2


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_a_burst_larger_than_every_window_arrives_whole_and_in_order(registered, ingesting, publish, base, protocol):
    stream = registered()
    Broker.objects.update(protocol=protocol)
    ingesting()
    publish(f"{base}/loan/c/Check", *(b'{"id":"%d"}' % n for n in range(3000)))
    assert wait_received(stream, 3000, timeout_s=30)["stored"] == 3000
    assert [int(id_) for id_ in Event.objects.order_by("seq").values_list("event_id", flat=True)] == list(range(3000))


@pytest.fixture
def refusing(transactional_db: None) -> Iterator[None]:
    """The database refuses the activity ``poison``, as no message the parser lets through should make it."""
    if connection.vendor != "sqlite":
        pytest.skip("the trigger is written for SQLite")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON streams_event WHEN NEW.activity = 'poison' "
            "BEGIN SELECT RAISE(ABORT, 'poison'); END"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER refuse")


def test_what_the_database_refuses_becomes_a_rejection_and_its_batch_is_stored(
    refusing, registered, ingesting, publish, base
):
    stream = registered()
    ingesting().end()
    for activity in ("One", "poison", "Three"):
        publish(f"{base}/loan/c/{activity}", b"")
    ingesting()
    assert wait_received(stream, 3) == {"received": 3, "stored": 2, "duplicates": 0, "rejected": 1, "ignored": 0}
    rejection = Rejection.objects.get()
    assert (rejection.reason, rejection.topic) == ("not_storable", f"{base}/loan/c/poison")
    assert stored() == [("c", "One"), ("c", "Three")]


def test_deliveries_are_remembered_only_as_long_as_they_can_come_again(registered, ingesting, publish, base, settings):
    settings.INGEST_RECEIVE_MAXIMUM = 50
    stream = registered()
    ingesting()
    publish(f"{base}/loan/c/Check", *[b""] * 500)
    wait_received(stream, 500)
    remembered = sum(len(row.messages) for row in Delivered.objects.all())
    assert 50 <= remembered <= 300  # twice the window, and the batches at both ends


def test_what_waits_is_drained_at_the_end(registered, ingesting, publish, base):
    stream = registered()
    running = ingesting()
    publish(f"{base}/loan/c/Check", *[b""] * 1000)
    running.end()
    stream = Stream.objects.get(pk=stream.pk)
    assert (stream.received, stream.broker.state) == (1000, "stopped")
    ingesting()
    assert counts(stream)["received"] == 1000  # all were acknowledged: none comes again
    publish(f"{base}/loan/c/Last", b"")
    wait_for(lambda: counts(stream)["received"] == 1001, what="the next message")


def test_what_comes_for_an_archived_log_is_refused_and_can_be_retried_once_it_is_open_again(
    registered, ingesting, publish, base
):
    stream = registered()
    ingesting()
    publish(f"{base}/loan/c1/Check", b"")
    wait_received(stream, 1)
    EventLog.objects.update(archived_at=datetime.now(UTC))
    publish(f"{base}/loan/c1/Pay", b"", b"")
    assert wait_received(stream, 3)["rejected"] == 2
    assert set(Rejection.objects.values_list("reason", flat=True)) == {"archived"}
    EventLog.objects.update(archived_at=None)
    assert [one.status for one in retry(Rejection.objects.all())] == ["mended", "mended"]
    publish(f"{base}/loan/c1/Close", b"")
    assert wait_received(stream, 4) == {"received": 4, "stored": 4, "duplicates": 0, "rejected": 0, "ignored": 0}
    assert [activity for _, activity in stored()] == ["Check", "Pay", "Pay", "Close"]


def test_cloud_events_of_a_topic_become_events_of_its_log(registered, ingesting, publish, base):
    log = EventLog.objects.create(slug="line", name="line")
    stream = registered(format="cloudevents", log=log, topic=f"{base}/#", mapping={"case": "/data/order"})
    ingesting()
    event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "Pack", "data": {"order": 7}}
    publish(f"{base}/line-1", json.dumps(event).encode(), b"{}", json.dumps(event).encode())
    assert wait_received(stream, 3) == {"received": 3, "stored": 1, "duplicates": 1, "rejected": 1, "ignored": 0}
    assert stored() == [("7", "Pack")]
    assert Rejection.objects.get().reason == "missing_specversion"
