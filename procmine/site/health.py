"""Whether this process can serve requests."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

log = logging.getLogger(__name__)
WITHIN_S = 5.0


class NotReadyError(Exception):
    """Says what is missing, in words that everybody may read."""


async def failing() -> dict[str, str]:
    """What fails, by part, with what to do; empty when all is well. Details go to the log, not to the answer."""
    found: dict[str, str] = {}
    for part, check in CHECKS.items():
        try:
            await asyncio.wait_for(check(), WITHIN_S)
        except NotReadyError as error:
            found[part] = str(error)
        except Exception:  # a part that fails may fail in any way, and this view tells of all
            log.exception("Not ready: %s", part)
            found[part] = f"does not answer; the log of this process says why (logger {__name__})"
        if found:
            break  # the later parts lean on this one
    return found


@sync_to_async
def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@sync_to_async
def _migrations() -> None:
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        raise NotReadyError(f"{len(pending)} not applied: run {settings.COMMAND} migrate")


async def _channel_layer() -> None:
    """A message sent to ourselves arrives."""
    layer = get_channel_layer()
    if layer is None:
        raise NotReadyError("none is configured")
    channel = await layer.new_channel()
    await layer.send(channel, {"type": "ready"})
    await layer.receive(channel)


CHECKS: dict[str, Callable[[], Awaitable[None]]] = {
    "database": _database,
    "migrations": _migrations,
    "channel layer": _channel_layer,
}
