"""How far the partitions of a broker are stored, so that nothing is lost, and nothing stored twice (P1, P2).

Redis Streams and Kafka give each message a place of its own. The place is written with the batch, in one transaction:
a redelivery is known by it, whatever the message says. A partition has one owner; each new one raises its fence, so
that an owner that was paused stores nothing more, and thereby loses nothing either.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from foundation.processes.leases import LeaseLostError
from streams.models import Position


class Positions:
    """The positions of one broker's partitions that this process owns now."""

    def __init__(self, broker_id: int) -> None:
        self._broker_id = broker_id
        self._fences: dict[str, int] = {}

    def __contains__(self, partition: str) -> bool:
        return partition in self._fences

    def take(self, partition: str) -> Any:
        """Become the owner; what the one before wrote last (an empty list: nothing)."""
        with transaction.atomic():
            row, _ = Position.objects.get_or_create(broker_id=self._broker_id, partition=partition)
            Position.objects.filter(pk=row.pk).update(fence=F("fence") + 1)
            row.refresh_from_db()
        self._fences[partition] = row.fence
        return row.taken

    def let_go(self, partitions: Iterable[str]) -> None:
        """Others own these now, or nobody."""
        for partition in partitions:
            self._fences.pop(partition, None)

    def write(self, taken: Mapping[str, Any]) -> None:
        """Write the new positions of a batch in its transaction; raises LeaseLostError where one is not ours."""
        for partition in sorted(taken):
            if not self._row(partition).update(taken=taken[partition]):
                self._fences.pop(partition, None)
                raise LeaseLostError

    def tell(self, backlogs: Mapping[str, int | None]) -> None:
        """Show how many messages wait in each partition."""
        for partition, backlog in sorted(backlogs.items()):
            self._row(partition).exclude(backlog=backlog).update(backlog=backlog)

    def _row(self, partition: str) -> "QuerySet[Position]":
        fence = self._fences.get(partition, 0)
        return Position.objects.filter(broker=self._broker_id, partition=partition, fence=fence)
