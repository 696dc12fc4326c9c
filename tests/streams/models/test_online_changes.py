"""The events table changes while events come in: no migration locks it, and one that adds to it loses nothing."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from streams.events.store import NewEvent, store_events
from streams.models import Event, EventLog
from streams.models.online_changes import AddIndexOnline, locking
from tests.conftest import wait_for

FOUNDATION = {"0001_initial"}  # made the table
COLUMN = migrations.AddField("Event", "note", models.TextField(null=True))
INDEX = AddIndexOnline("Event", models.Index(fields=["log", "received_at"], name="event_received"))


def test_no_migration_locks_or_rewrites_the_events_table() -> None:
    found = [
        f"{app}.{name}: {problem}"
        for (app, name), migration in MigrationLoader(None).disk_migrations.items()
        if app in ("streams", "models_mining", "simulations", "accounts")
        and not (app == "streams" and name in FOUNDATION)
        for problem in locking(app, migration.operations)
    ]
    assert found == []


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("event", "kind", models.CharField(max_length=5, default="")),
        migrations.AddField("event", "kind", models.TextField(null=True, db_index=True)),
        migrations.AddField("event", "kind", models.TextField(null=True, unique=True)),
        migrations.AddField("event", "other", models.ForeignKey("EventLog", models.CASCADE, null=True)),
        migrations.AlterField("Event", "case", models.CharField(max_length=500)),
        migrations.RemoveField("Event", "activity"),
        migrations.RenameField("Event", "at", "moment"),
        migrations.AddIndex("Event", models.Index(fields=["at"], name="event_at")),
        migrations.AddConstraint("Event", models.UniqueConstraint(fields=["log", "at"], name="event_x")),
        migrations.DeleteModel("Event"),
        migrations.RunSQL("UPDATE streams_event SET activity = ''"),
        migrations.SeparateDatabaseAndState([migrations.RemoveField("Event", "at")]),
    ],
    ids=lambda operation: operation.describe(),
)
def test_one_that_would_is_found(operation: Operation) -> None:
    assert list(locking("streams", [operation]))


def test_what_adds_without_touching_a_row_is_let_through() -> None:
    other = migrations.AlterField("Stream", "name", models.CharField(max_length=5))
    assert list(locking("streams", [COLUMN, INDEX, other])) == []
    assert list(locking("live", [migrations.RemoveField("Event", "at")])) == []  # another app's


@pytest.mark.django_db(transaction=True)
def test_a_column_and_an_index_are_added_while_events_come_in() -> None:
    log = EventLog.objects.create(slug="l", name="l")
    stop = threading.Event()
    done: list[int] = []

    def feed() -> None:
        try:
            while not stop.is_set():
                now = datetime.now(UTC)
                seqs = store_events([NewEvent(log.pk, f"c{n}", "a", now, now) for n in range(20)])
                done.append(seqs[-1] or 0)
        finally:
            connection.close()

    feeding = threading.Thread(target=feed)
    feeding.start()
    before = MigrationLoader(connection).project_state()
    after = before.clone()
    try:
        wait_for(lambda: len(done) > 3, what="events")
        for operation in (COLUMN, INDEX):
            operation.state_forwards("streams", after)
            with connection.schema_editor(atomic=False) as editor:
                operation.database_forwards("streams", editor, before, after)
            count = len(done)
            wait_for(lambda count=count: len(done) > count, what="more events")
            before, after = after, after.clone()
        with connection.cursor() as cursor:
            constraints = connection.introspection.get_constraints(cursor, Event._meta.db_table)
        assert constraints["event_received"]["columns"] == ["log_id", "received_at"]
    finally:
        stop.set()
        feeding.join(30)
        with connection.schema_editor(atomic=False) as editor:
            base = MigrationLoader(connection).project_state()
            middle, end = base.clone(), base.clone()
            COLUMN.state_forwards("streams", middle)
            COLUMN.state_forwards("streams", end)
            INDEX.state_forwards("streams", end)
            INDEX.database_backwards("streams", editor, end, middle)
            COLUMN.database_backwards("streams", editor, middle, base)
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, done[-1] + 1))
