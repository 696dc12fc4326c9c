"""Appending: gapless numbers in commit order, ids once, rows never changed."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from itertools import zip_longest
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from streams.events import insertion
from streams.events.store import NewEvent, free_slug, open_log, store_events
from streams.models import Event, EventLog, Retired

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2026, 1, 2, 10, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=["fast", "portable"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database's own way to look up and insert, and the one of every other database."""
    if request.param == "portable":
        monkeypatch.setattr(insertion, "WAYS", {})
        monkeypatch.setattr(insertion, "KNOWN", {})


@pytest.fixture
def log(transactional_db: None) -> EventLog:
    return EventLog.objects.create(slug="l", name="l")


def event(log: EventLog, event_id: str | None = None, case: str = "c", at: datetime = AT) -> NewEvent:
    return NewEvent(log.pk, case, "a", at, AT, event_id=event_id)


def test_what_was_stored_is_read_back_to_the_microsecond(log, way):
    attributes = {"text": "Gemüse 🥕", "n": 1.5, "deep": [{"x": None}], "\\u0000": "\\u0000"}
    new = NewEvent(log.pk, "c", "a", AT, AT + timedelta(microseconds=1), "clamped", "e1", attributes)
    assert store_events([new]) == [1]
    row = Event.objects.get()
    assert (row.case, row.activity, row.at, row.at_source, row.event_id) == ("c", "a", AT, "clamped", "e1")
    assert (row.received_at, row.attributes, row.stream) == (AT + timedelta(microseconds=1), attributes, None)


RAW = """
    SELECT log_id, seq, stream_id, "case", activity, CAST(at AS text), at_source, CAST(received_at AS text), event_id
    FROM streams_event ORDER BY seq
"""
ODD_TEXTS = ["\t", "a\nb\rc", "\\", "\\N", "\\.", '"', "'; --", "%s", "{}", "Gemüse 🥕", "\x7f\u2028", "x" * 255]
ODD_MOMENTS = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 3, 29, 3, 0, 0, 1, tzinfo=ZoneInfo("Europe/Berlin")),
    datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=-12))),
]
ODD_VALUES = [0, -0.0, 1e22, 5e-324, 2**64 - 1, -(2**64) + 1, True, None, "", [], {}, [[{"a\tb": ["\\N", None]}]]]


def test_every_way_to_insert_writes_the_same_rows(log):
    """Odd texts, moments and values, as Django's own bulk_create writes them."""
    odd = list(zip_longest(ODD_TEXTS, ODD_MOMENTS, ODD_VALUES))
    new = [
        NewEvent(
            log.pk, text or "c", text or "a", at or AT, at or AT, "arrival", f"{n}{(text or '')[:200]}", {"x": value}
        )
        for n, (text, at, value) in enumerate(odd)
    ] + [NewEvent(log.pk, "c", "a", AT, AT)]
    written = []
    for way in (insertion.insert, insertion.bulk_create):
        with transaction.atomic():
            way(list(enumerate(new, start=1)))
            with connection.cursor() as cursor:
                cursor.execute(RAW)
                raw = cursor.fetchall()
            written.append((raw, list(Event.objects.order_by("seq").values("at", "received_at", "attributes"))))
            transaction.set_rollback(True)
    assert connection.vendor in insertion.WAYS
    assert written[0] == written[1]
    assert [row["attributes"].get("x") for row in written[0][1]] == [
        event.attributes and event.attributes["x"] for event in new
    ]


def test_a_row_that_the_table_refuses_is_an_error_of_the_database_and_stores_nothing(log, way):
    bad = NewEvent(log.pk, "c", "a", AT, AT, at_source=None)  # type: ignore[arg-type]
    with pytest.raises(IntegrityError):
        store_events([event(log), bad, event(log)])
    assert not Event.objects.exists()
    assert store_events([event(log, "x")]) == [1]


def test_numbers_have_no_gaps_and_counters_follow(log):
    other = EventLog.objects.create(slug="o", name="o")
    early = AT - timedelta(days=1)
    assert store_events([event(log), event(other), event(log, at=early)]) == [1, 1, 2]
    assert store_events([event(log)]) == [3]
    log.refresh_from_db()
    assert (log.next_seq, log.stored, log.first_at, log.last_at, log.last_received_at) == (4, 3, early, AT, AT)


def test_an_id_is_stored_once_in_a_batch_and_across_batches(log, way):
    assert store_events([event(log, "x"), event(log, "x"), event(log, "y"), event(log)]) == [1, None, 2, 3]
    assert store_events([event(log, "y"), event(log, "z"), event(log)]) == [None, 4, 5]
    other = EventLog.objects.create(slug="o", name="o")
    assert store_events([event(other, "x")]) == [1]  # ids belong to their log


def test_an_empty_batch_changes_nothing(log):
    assert store_events([]) == []


def test_a_batch_for_a_log_that_is_gone_stores_nothing(log):
    gone = EventLog.objects.create(slug="o", name="o")
    new = [event(log), event(gone)]
    gone.delete()
    with pytest.raises(EventLog.DoesNotExist):
        store_events(new)
    assert not Event.objects.exists()


def test_two_writers_leave_no_gap_and_a_reader_never_sees_a_number_before_a_smaller_one(log):
    writers = [in_thread(lambda name=name: write(log, name)) for name in ("one", "two")]
    seen = 0
    while any(writer.is_alive() for writer in writers):
        seqs = list(Event.objects.filter(log=log, seq__gt=seen).order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(seen + 1, seen + 1 + len(seqs)))
        seen += len(seqs)
    log.refresh_from_db()
    assert (log.next_seq, log.stored, Event.objects.count()) == (401, 400, 400)
    assert Event.objects.values("event_id").distinct().count() == 400


def write(log: EventLog, name: str) -> None:
    for batch in range(20):
        shared = [event(log, f"shared-{batch}-{n}") for n in range(10)]
        store_events(shared[:5] + [event(log, f"{name}-{batch}-{n}") for n in range(5)] + shared[5:])


def in_thread(work: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize(
    "change",
    [lambda: Event.objects.update(activity="b"), lambda: Event.objects.all().delete()],
    ids=["change", "delete"],
)
def test_a_stored_event_can_be_neither_changed_nor_deleted(log, change):
    store_events([event(log)])
    with pytest.raises(DatabaseError, match="append-only"):
        change()
    assert Event.objects.get().activity == "a"


def test_a_form_that_was_open_meanwhile_takes_no_counter_back(log):
    form = EventLog.objects.get(pk=log.pk)
    store_events([event(log)])
    form.name = "renamed"
    form.save()
    log.refresh_from_db()
    assert (log.name, log.next_seq, log.stored) == ("renamed", 2, 1)
    assert store_events([event(log)]) == [2]


def test_events_of_a_retired_case_can_be_deleted_up_to_its_last_number(log):
    store_events([event(log), event(log), event(log, case="d")])
    Retired.objects.create(log=log, case="c", last_seq=1)
    Event.objects.filter(case="c", seq=1).delete()
    for kept in ({"seq": 2}, {"case": "d"}):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            Event.objects.filter(**kept).delete()
    assert Event.objects.count() == 2


def test_logs_of_like_names_get_slugs_of_their_own(transactional_db):
    slugs = [open_log(name).slug for name in ("Loan!", "loan", "LOAN?", "贷款", "融资")]
    assert slugs == ["loan", "loan-2", "loan-3", "log", "log-2"]
    assert free_slug("x" * 300) == "x" * 90
