"""Changing the events table of an installation that goes on recording.

The table may hold a hundred million rows, and every second that it is locked is a second in which nothing is
acknowledged. So a migration may add to it what needs no row to be touched, and nothing else:

- ``AddField`` of a column that may be null and has no default: a note in the catalogue, whatever the size;
- `AddIndexOnline`, in a migration with ``atomic = False``.

Anything else is done in steps: a new column, filled by new events (old ones are never changed: read them both ways).
tests/streams/models/test_online_changes.py holds every migration to it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations
from django.db.migrations.operations.base import Operation

BIG = ("streams", "event")


class AddIndexOnline(AddIndexConcurrently):
    """PostgreSQL builds the index beside the writers (CONCURRENTLY); on SQLite they wait for it, as for any commit."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        else:
            migrations.AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
        else:
            migrations.AddIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)


def locking(app: str, operations: Iterable[Operation]) -> Iterator[str]:
    """What of a migration would lock or rewrite the events table, as sentences."""
    for operation in operations:
        if isinstance(operation, migrations.RunPython | migrations.RunSQL):
            if app == BIG[0]:
                yield f"{operation.describe()}: nobody can tell what it does to events; see online_changes.py."
        elif isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from locking(app, operation.database_operations)
        elif _touches(app, operation) and not _is_online(operation):
            yield f"{operation.describe()}: locks or rewrites the events table; see online_changes.py."


def _touches(app: str, operation: Operation) -> bool:
    named = getattr(operation, "model_name", None) or getattr(operation, "name", "")
    return (app, str(named).lower()) == BIG


def _is_online(operation: Operation) -> bool:
    if isinstance(operation, migrations.AddField):
        field = operation.field
        indexed = field.unique or getattr(field, "db_index", False) or field.remote_field is not None
        return bool(field.null) and not field.has_default() and not field.has_db_default() and not indexed
    return isinstance(operation, AddIndexOnline | migrations.AlterModelOptions | migrations.AlterModelManagers)
