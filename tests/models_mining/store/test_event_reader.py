"""What a miner reads of the table: moments to the microsecond, parts that cover a log, cases that are in."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from foundation.moments import microseconds
from models_mining.core.live_log import LiveLog
from models_mining.store import event_reader
from streams.events.store import NewEvent, store_events
from streams.models import EventLog
from tests.models_mining.conftest import NOON, Store

pytestmark = pytest.mark.django_db

MOMENTS = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
]


def test_moments_are_read_to_the_microsecond_whichever_way(log: EventLog) -> None:
    store_events([NewEvent(log_id=log.pk, case="c", activity="a", at=at, received_at=at) for at in MOMENTS])
    exact = [microseconds(at) for at in MOMENTS]
    assert [read.seen.at_us for read in event_reader.after(log.pk, 0, 99)] == exact
    assert [event.at_us for event in event_reader.in_order(log.pk, 99)] == exact
    assert [event.received_at_us for event in event_reader.in_sequence(log.pk, 99)] == exact
    tail = event_reader.CaseHistoryReader(log.pk)
    assert [step.at_us for step in tail("c", None, 99)] == exact
    assert [tail.heard("c", seq) for seq in range(1, 8)] == [None, *exact]
    assert tail.heard("d", 99) is None


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by what is in the table")
def test_what_is_read_of_a_case_is_found_by_the_case(log: EventLog) -> None:
    tail = event_reader.CaseHistoryReader(log.pk)
    with CaptureQueriesContext(connection) as asked:
        tail("c", None, 500)
        tail("c", 0, 500)
        tail.heard("c", 500)
        event_reader.traces(log.pk, ["c", "d"])
    assert len(asked) == 5
    for query in asked:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
            plan = " ".join(str(row[-1]) for row in cursor.fetchall())
        assert "event_case (log_id=? AND case=?" in plan, query["sql"]


def test_which_cases_begin_is_asked_once_however_many_do_and_one_that_returns_is_found(
    log: EventLog, store: Store
) -> None:
    store("old Take 0", "old Pay 1", *(f"{n} Take {n}" for n in range(2, 9)), "8 Check 7", "old Take 9", "9 Take 9")
    live, tail = LiveLog(end_activities={"Pay"}), event_reader.CaseHistoryReader(log.pk)
    event_reader.catch_up(live, log.pk, 2, tail)
    assert live.forget_closed(0) == 1
    with CaptureQueriesContext(connection) as asked:
        event_reader.catch_up(live, log.pk, 99, tail)
    assert len(asked) == 6, "the events, the cases that begin; the late one (2), the one that returns; no more events"
    assert live.archived == 0
    assert live.tree.variants() == {("Take",): 7, ("Check", "Take"): 1, ("Take", "Pay", "Take"): 1}


@pytest.mark.parametrize("number", [1, 2, 5])
def test_parts_cover_every_case_once(log: EventLog, store: Store, number: int) -> None:
    store(*(f"{case} Take {n}" for n in range(5) for case in ("a", "B", "ä", "☃", "0", "zz")))
    parts = event_reader.parts(log.pk, number)
    found = [{event.case for event in event_reader.in_order(log.pk, 99, *part)} for part in parts]
    assert len(parts) == number
    assert sorted(case for cases in found for case in cases) == sorted({"a", "B", "ä", "☃", "0", "zz"})
    assert event_reader.parts(0, number) == [(None, None)]


def test_activities_are_told_by_first_appearance_and_cases_by_newest_activity(log: EventLog, store: Store) -> None:
    store("a Pack 5", "b Take 1", "c Pack 1", "b Check 0", "d Take 0")  # one a second
    assert event_reader.activities(log.pk, 99) == ["Pack", "Take", "Check"]
    assert event_reader.activities(log.pk, 3) == ["Pack", "Take"]
    assert event_reader.newest_cases(log.pk, 99, 2, None) == {"b", "d"}
    assert event_reader.newest_cases(log.pk, 3, 2, None) == {"b", "c"}
    assert event_reader.newest_cases(log.pk, 99, None, 2_000_000) == {"b", "d"}
    assert event_reader.newest_cases(log.pk, 99, None, 2_000_001) == {"b", "c", "d"}
    assert event_reader.newest_cases(0, 99, 5, 5) == set()
    assert event_reader.seq_at(log.pk, NOON + timedelta(seconds=2.5)) == 2
