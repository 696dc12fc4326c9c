"""Events are only ever added: the database itself refuses UPDATE, and DELETE unless a Retired row covers it."""

from typing import Any

SQLITE = [
    """
    CREATE TRIGGER event_no_update BEFORE UPDATE ON streams_event
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END
    """,
    """
    CREATE TRIGGER event_no_delete BEFORE DELETE ON streams_event
    WHEN NOT EXISTS (
        SELECT 1 FROM streams_retired
        WHERE log_id = OLD.log_id AND "case" = OLD."case" AND last_seq >= OLD.seq
    )
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END
    """,
]
POSTGRESQL = [
    """
    CREATE FUNCTION event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND EXISTS (
            SELECT 1 FROM streams_retired
            WHERE log_id = OLD.log_id AND "case" = OLD."case" AND last_seq >= OLD.seq
        ) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'events are append-only';
    END $$
    """,
    """
    CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON streams_event
    FOR EACH ROW EXECUTE FUNCTION event_append_only()
    """,
]
UNDO = {
    "sqlite": ["DROP TRIGGER event_no_update", "DROP TRIGGER event_no_delete"],
    "postgresql": ["DROP TRIGGER event_append_only ON streams_event", "DROP FUNCTION event_append_only()"],
}


def create(_apps: Any, schema_editor: Any) -> None:
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def drop(_apps: Any, schema_editor: Any) -> None:
    for statement in UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement)
