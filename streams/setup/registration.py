"""Registering and removing: what the admin and the API do alike to brokers and streams."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from foundation.http.problems import Conflict
from streams.models import Broker, Stream

TEST_TIMEOUT_S = 5.0  # of a broker's connection
COUNTS = ["received", "stored", "duplicates", "rejected", "ignored", "mended"]


@contextmanager
def setup_lock() -> Iterator[None]:
    """One change of streams at a time: two that overlap cannot both find the way free."""
    with transaction.atomic():
        list(Broker.objects.select_for_update().order_by("pk").values_list("pk"))
        yield


def remove_stream(stream: Stream) -> bool:
    """Delete a stream that never received anything; archive any other, and say so by True.

    Events and rejections tell by the row where they came from, so it stays, stopped for good.
    """
    with setup_lock():
        stream.refresh_from_db()
        if not stream.received:
            with suppress(ProtectedError), transaction.atomic():  # a counter may be behind, a key is not
                stream.delete()
                return False
        if stream.archived_at is None:
            stream.enabled = False
            stream.archived_at = timezone.now()
            stream.save(update_fields=["enabled", "archived_at"])
        return True


def remove_broker(broker: Broker) -> None:
    """Delete a broker to which nothing belongs; Conflict for any other."""
    if broker.streams.exists():
        raise Conflict("Streams belong to this broker, perhaps archived ones: their events tell where they are from.")
    if broker.republished.exists():
        raise Conflict("Logs are sent on to this broker: end that first.")
    broker.delete()
