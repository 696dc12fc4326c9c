"""Old cases leave whole, from the table and from the models, and what stays is mined exactly."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from foundation import progress
from models_mining.mining import retention
from models_mining.mining.miner import LogMiners
from models_mining.models import Case, LogState, MinedModel
from models_mining.past.auditing import audit
from streams.events.removal import NotArchivedError, archive, delete_log
from streams.events.store import ArchivedError, NewEvent, store_events
from streams.models import Event, EventLog, Retired

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def log(transactional_db: None) -> EventLog:
    log = EventLog.objects.create(slug="orders", name="orders", end_activities=["Ship"], retention_days=30)
    MinedModel.objects.get_or_create(log=log, algorithm="dfg", cases="all")
    return log


def arrive(log: EventLog, case: str, activities: str, days_ago: float) -> None:
    """Events of a case, a minute apart, that arrived some days ago."""
    names = {"T": "Take", "P": "Pack", "S": "Ship"}
    at = NOW - timedelta(days=days_ago)
    store_events(
        [
            NewEvent(log.pk, case, names[activity], at + timedelta(minutes=n), at)
            for n, activity in enumerate(activities)
        ]
    )


def mine(log: EventLog) -> str:
    """Mine all, check it, and tell the epoch."""
    LogMiners().drain()
    log.refresh_from_db()
    (found,) = audit([log], ["dfg"])
    assert found.differences == []
    return LogState.objects.get(log=log).epoch


def cases() -> list[str]:
    assert set(Event.objects.values_list("case", flat=True)) == set(Case.objects.values_list("case", flat=True))
    return sorted(Case.objects.values_list("case", flat=True))


def test_closed_cases_leave_whole_when_nothing_arrived_for_so_long(log: EventLog) -> None:
    arrive(log, "old", "TPS", 40)
    arrive(log, "open", "TP", 40)
    arrive(log, "late", "TPS", 40)
    arrive(log, "late", "P", 10)  # old by its times, but something arrived
    arrive(log, "young", "TPS", 20)
    first = mine(log)
    assert retention.due(NOW) == [log]
    gone = retention.retire_some(log, NOW)
    assert (gone.cases, gone.events) == (1, 3)
    assert cases() == ["late", "open", "young"]
    assert retention.retire_some(log, NOW).cases == 0
    second = mine(log)
    assert second != first
    (model,) = MinedModel.objects.filter(log=log)
    assert sum(node["n"] for node in model.picture["nodes"]) == 9
    assert model.picture["seq"] == 12
    log.refresh_from_db()
    assert (log.next_seq, log.stored, log.retired_events) == (13, 12, 3)


def test_a_case_that_came_back_since_it_was_mined_stays(log: EventLog) -> None:
    arrive(log, "a", "TS", 40)
    mine(log)
    arrive(log, "a", "P", 1)
    assert retention.retire_some(log, NOW).cases == 0
    assert Event.objects.count() == 3


def test_a_retired_case_may_begin_anew_and_leave_again(log: EventLog) -> None:
    arrive(log, "a", "TS", 90)
    mine(log)
    assert retention.retire_some(log, NOW).events == 2
    arrive(log, "a", "TPS", 60)
    arrive(log, "b", "TS", 1)
    mine(log)
    assert retention.retire_some(log, NOW).events == 3
    mine(log)
    assert cases() == ["b"]
    assert Retired.objects.get().last_seq == 5


def test_silence_closes_where_the_log_says_so(log: EventLog) -> None:
    EventLog.objects.filter(pk=log.pk).update(end_activities=[], idle_close_s=3600)
    log.refresh_from_db()
    arrive(log, "a", "TP", 40)
    arrive(log, "b", "TP", 1)
    mine(log)
    assert retention.retire_some(log, NOW).cases == 1
    mine(log)
    assert cases() == ["b"]


def test_nothing_else_can_be_deleted(log: EventLog) -> None:
    arrive(log, "old", "TPS", 40)
    arrive(log, "new", "TPS", 1)
    mine(log)
    retention.retire_some(log, NOW)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.filter(case="new").delete()


def test_the_command_names_what_went(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(log, "old", "TPS", 400 + (datetime.now(UTC) - NOW).days * -1)
    mine(log)
    said, errors = StringIO(), StringIO()
    monkeypatch.setattr(progress, "PLAIN_S", 0.0)
    call_command("retention", stdout=said, stderr=errors)
    assert errors.getvalue().startswith("log orders, deleting: 3 events, ")
    call_command("retention", "orders", stdout=said)
    assert said.getvalue().splitlines() == [
        "orders: 1 cases of 3 events are gone",
        "orders: 0 cases of 0 events are gone",
    ]
    with pytest.raises(CommandError, match="no log other with retention_days"):
        call_command("retention", "other")


def test_a_worker_does_it_by_itself_once_a_day(log: EventLog) -> None:
    arrive(log, "old", "TPS", 400 + (datetime.now(UTC) - NOW).days * -1)
    mine(log)
    worker = retention.Housekeeping()
    assert worker.turn(0.0) == 0.0
    assert worker.turn(0.0) == worker.poll_s
    assert not Event.objects.exists()
    assert retention.due() == []


def test_an_archived_log_takes_nothing_and_can_be_deleted(log: EventLog) -> None:
    arrive(log, "a", "TPS", 1)
    with pytest.raises(NotArchivedError, match="Archive it first"):
        list(delete_log(log))
    archive(log)
    with pytest.raises(ArchivedError):
        arrive(log, "a", "P", 0)
    mine(log)
    other = EventLog.objects.create(slug="other", name="other")
    arrive(other, "a", "T", 0)
    log.refresh_from_db()
    assert sum(delete_log(log)) == 3
    assert list(EventLog.objects.all()) == [other]
    assert Event.objects.count() == 1
