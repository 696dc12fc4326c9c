"""A row that is deleted in the moment in which a worker takes it up ends nothing but its own work."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from foundation.models import Lease
from foundation.processes.work_plugins import PolledPart
from models_mining.jobs import jobs
from models_mining.jobs.running import JobRunner
from rules.models import Notification, Notifier
from rules.notifiers.outbox import Outbox
from sheets.models import Schedule, Sheet
from sheets.prompts.scheduling import Schedules
from streams.models import EventLog


@contextmanager
def deleted_once_leased(row: Model) -> Iterator[list[str]]:
    """Delete the row as soon as a lease of its work is written, as another process may; the leases that were."""
    leased: list[str] = []

    def execute(run: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        result = run(sql, params, many, context)
        if sql.startswith(f'INSERT INTO "{Lease._meta.db_table}"') and not leased:
            leased.append(sql)
            type(row)._default_manager.filter(pk=row.pk).delete()
        return result

    with connection.execute_wrapper(execute):
        yield leased


@pytest.fixture
def log(db: None) -> EventLog:
    return EventLog.objects.create(slug="factory", name="Factory")


def a_job(log: EventLog) -> Model:
    owner = User.objects.create(username="anna")
    return jobs.start("delete-log", None, {"log": log.slug, "id": log.pk}, owner)


def a_notifier(log: EventLog) -> Model:
    ops = Notifier.objects.create(name="ops", kind="webhook", url="http://127.0.0.1:9/")
    Notification.objects.create(notifier=ops, log=log, text="late", event={"data": {}}, created_at=timezone.now())
    return ops


def a_schedule(log: EventLog) -> Model:
    sheet = Sheet.objects.create(slug="shift", name="Shift", log=log, label="Shift", activity="Answered", questions=[])
    made = Schedule.objects.create(sheet=sheet, respondents=["anna"], cron="0 8 * * *", time_zone="UTC")
    Schedule.objects.filter(pk=made.pk).update(done_until=timezone.now() - timedelta(days=2))
    return made


@pytest.mark.parametrize(
    ("part", "make"), [(JobRunner, a_job), (Outbox, a_notifier), (Schedules, a_schedule)], ids=["job", "note", "sheet"]
)
def test_the_worker_goes_on(
    part: type[PolledPart], make: Callable[[EventLog], Model], log: EventLog, caplog: pytest.LogCaptureFixture
) -> None:
    row, worker = make(log), part()
    with deleted_once_leased(row) as leased:
        worker.turn(time.monotonic())
    assert leased, "the worker took nothing up"
    assert not type(row)._default_manager.filter(pk=row.pk).exists()
    assert not worker.busy
    assert [record.getMessage() for record in caplog.records if record.levelname in ("ERROR", "WARNING")] == []
    worker.wake()
    worker.turn(time.monotonic())
    worker.close()
