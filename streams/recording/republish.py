"""Sending a log's events on to a broker: the events table is the outbox, a cursor says how far it is confirmed.

Each event is sent at least once, in the order of its number; what the target cannot confirm is sent again. It always
has an id (its own, or one made of installation, log and number), so whoever stores it stores it once. The payload is
the form that ``POST logs/{slug}/events/`` takes; a stream of format ``json`` with the mapping ``{"attributes":
"/attributes"}`` reads it back. The target keeps the events of a case together: it is Kafka's key, and chooses the key
of Redis Streams.
"""

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

import orjson
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction

from foundation.processes import leases
from streams.brokers.base import BrokerError, Target
from streams.brokers.registry import target_on
from streams.models import Event, Republish

BATCH = 500  # events sent before all are confirmed
POLL_S = 0.25
LOOK_EVERY_S = 1.0  # at what is asked for, where no hint came
DELAYS_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # between tries

log = logging.getLogger(__name__)


class Republisher(threading.Thread):
    """Follows one log for one target, until told to stop or until nobody asks for it."""

    def __init__(self, pk: int, stop: threading.Event, *, once: bool = False) -> None:
        super().__init__(name=f"republish-{pk}", daemon=True)
        self.pk = pk
        self.once = once
        self.failed = ""  # with ``once``: why not all could be sent
        self.handled = 0  # events sent and confirmed
        self.look = threading.Event()  # set it to end a rest
        self._stopping = stop
        self._lease = leases.Held(f"republish:{pk}")
        self._told: str | None = None
        self._tries = 0

    def run(self) -> None:
        """Connect and send, again and again."""
        try:
            while not self._stopping.is_set() and (row := self._row()) is not None:
                try:
                    self._connection(row)
                except leases.LeaseLostError:
                    self._rest(POLL_S)
                except (BrokerError, DatabaseError, InterfaceError) as error:
                    self._fail(str(error))
                except Exception as error:
                    log.exception("republish %d: unexpected", self.pk)
                    self._fail(f"Unexpected: {error!r}")
                if self.once:
                    return
        finally:
            try:
                self._lease.let_go()
            except (DatabaseError, InterfaceError):
                log.warning("republish %d: the database is away; the lease runs out by itself", self.pk)
            connection.close()

    def _row(self) -> Republish | None:
        """What is asked for now; a database that is away has not changed it."""
        while not self._stopping.is_set():
            try:
                rows = Republish.objects.select_related("broker")
                return rows.filter(pk=self.pk, enabled=True).first()
            except (DatabaseError, InterfaceError) as error:
                self._fail(str(error))
        return None

    def _connection(self, row: Republish) -> None:
        """Send until the row changes."""
        if not self._lease.keep():
            raise leases.LeaseLostError
        row.refresh_from_db(fields=["seq"])
        with target_on(row.broker, row.topic, row.partitions) as target:
            self._tell("")
            self._tries = 0
            looked_at = time.monotonic()
            while not self._stopping.is_set() and self._lease.keep():
                sent = self._send(row, target)
                if not sent and self.once:
                    return
                if self.look.is_set() or time.monotonic() - looked_at >= LOOK_EVERY_S:
                    self.look.clear()
                    looked_at = time.monotonic()
                    if _asked(self._row()) != _asked(row):
                        return
                if not sent:
                    self._stopping.wait(POLL_S)
            if not self._stopping.is_set():
                raise leases.LeaseLostError

    def _send(self, row: Republish, target: Target) -> bool:
        """One batch; whether there was any."""
        events = Event.objects.filter(log=row.log_id, seq__gt=row.seq).order_by("seq")
        found = list(events.values("seq", "event_id", "case", "activity", "at", "attributes")[:BATCH])
        if not found:
            return False
        target.send([(event["case"], _payload(row.log_id, event)) for event in found])
        with transaction.atomic():
            self._lease.check()
            Republish.objects.filter(pk=row.pk).update(seq=found[-1]["seq"])
        row.seq = found[-1]["seq"]
        self.handled += len(found)
        return True

    def _fail(self, reason: str) -> None:
        log.warning("republish %d: %s", self.pk, reason)
        self.failed = reason
        connection.close()  # it may be the database that failed; the next query opens it again
        self._tell(reason)
        if not self.once:
            self._rest(DELAYS_S[min(self._tries, len(DELAYS_S) - 1)])
            self._tries += 1

    def _rest(self, delay_s: float) -> None:
        waited_s = 0.0
        while waited_s < delay_s and not self._stopping.is_set() and not self.look.is_set():
            self._stopping.wait(POLL_S)
            waited_s += POLL_S
        self.look.clear()

    def _tell(self, error: str) -> None:
        """Show what is wrong; a database that is away is told at the next occasion."""
        if error != self._told:
            try:
                Republish.objects.filter(pk=self.pk).update(last_error=error)
            except (DatabaseError, InterfaceError):
                connection.close()
            else:
                self._told = error


def _asked(row: Republish | None) -> tuple[object, ...]:
    return (row.topic, row.partitions, *row.broker.connection) if row is not None else ()


def _payload(log_id: int, event: Mapping[str, Any]) -> bytes:
    return orjson.dumps(
        {
            "id": event["event_id"] or f"{settings.INSTALLATION}-{log_id}-{event['seq']}",
            "case": event["case"],
            "activity": event["activity"],
            "at": event["at"],
            "attributes": event["attributes"],
        }
    )
