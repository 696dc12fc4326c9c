"""Drain, commit, acknowledge: the thread that takes one broker's messages.

A message is acknowledged only after the commit that holds it; whatever ends this process, the broker sends what was
not acknowledged again. Nothing that a broker, a message or the database does ends the thread: it says what is wrong
in the broker's ``last_error`` and tries again.
"""

import logging
import random
import threading
import time
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from streams import leases
from streams.deliveries import Deliveries
from streams.intake import NOT_STORABLE, Intake, LeaseLostError, Read
from streams.models import Broker, EventLog, Stream
from streams.mqtt import Address, BrokerError, Message, Source, client_id

LOOK_EVERY_S = 1.0  # at brokers and streams, where no hint came
WAIT_S = 0.25  # for a message, before looking at the clock
SMALL = 10  # messages: a batch so small comes at leisure. We then rest for as long as it took to store, at most
BREATH_S = 0.01  # this long, or the miner would find the database's write lock taken whenever it looks (SQLite)
ONCE_QUIET_S = 1.0  # of silence, after which ``--once`` takes the broker for drained
DRAIN_S = 5.0  # at most, at the end
DELAYS_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # between tries

log = logging.getLogger(__name__)


class GoneError(Exception):
    """Nobody asks for this broker any more."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What the tables say of a broker now. Two equal ones need nothing done."""

    address: Address
    filters: dict[str, int]


class BrokerIngest(threading.Thread):
    """One broker's connection: from its messages to rows, until told to stop or until no stream needs it."""

    def __init__(self, broker_id: int, stop: threading.Event, *, once: bool = False) -> None:
        super().__init__(name=f"broker-{broker_id}", daemon=True)
        self.broker_id = broker_id
        self.once = once
        self.failed = ""  # with ``once``: why the broker could not be drained
        self.look = threading.Event()  # set it to have the tables read again
        self._stopping = stop
        self._lease = Broker(pk=broker_id).lease
        self._renew_at = 0.0
        self._deliveries = Deliveries(client_id(broker_id))
        self._intake = Intake(self._lease, self._deliveries)
        self._subscribed: dict[str, int] = {}
        self._note = ""  # what to know of a connection that works
        self._said: tuple[str, str] | None = None

    def run(self) -> None:
        tries = 0
        try:
            while not self._stopping.is_set():
                began = time.monotonic()
                try:
                    self._connection()
                except GoneError:
                    return
                except LeaseLostError:
                    self.failed = "Another process takes its messages."
                    self._stopping.wait(LOOK_EVERY_S)
                except (BrokerError, DatabaseError, InterfaceError) as error:
                    self._fail(str(error))
                except Exception as error:
                    log.exception("broker %d: unexpected", self.broker_id)
                    self._fail(f"Unexpected: {error!r}")
                if self.once:
                    return
                if self._said and self._said[0] == Broker.State.FAILED:
                    tries = 0 if time.monotonic() - began > DELAYS_S[-1] else tries
                    self._rest(DELAYS_S[min(tries, len(DELAYS_S) - 1)])
                    tries += 1
        finally:
            self._end()

    # --- One connection ---------------------------------------------------------------

    def _connection(self) -> None:
        """Own the broker, connect, take messages; returns where another connection is wanted, or none."""
        self._own()
        setup = self._set_up()
        if not setup.filters and not self._subscribed:
            raise GoneError
        self._say(Broker.State.CONNECTING)
        source = Source(setup.address, self._deliveries.client)
        source.connect()
        try:
            self._begin(source)
            self._take_all(source, setup.address)
            self._drain(source)
        finally:
            source.close()

    def _begin(self, source: Source) -> None:
        self._deliveries.begin(session_present=source.session_present)
        self._note = ""
        if self._subscribed and not source.session_present:
            self._note = "The broker had lost our session: what was published while we were away is missing."
            log.warning("broker %d: %s", self.broker_id, self._note)
            self._subscribed = {}
            Broker.objects.filter(pk=self.broker_id).update(subscribed={})
        self._subscribe(source)
        self._say(Broker.State.CONNECTED, self._note)

    def _take_all(self, source: Source, address: Address) -> None:
        limit = min(settings.INGEST_BATCH, settings.INGEST_RECEIVE_MAXIMUM)
        quiet_since = looked_at = time.monotonic()
        while not self._stopping.is_set():
            messages = source.receive(limit, WAIT_S)
            now = time.monotonic()
            if messages:
                self._take(source, messages)
                quiet_since = now
                if len(messages) < SMALL:
                    self._stopping.wait(min(time.monotonic() - now, BREATH_S))
            elif self.once and source.settled and now - quiet_since > ONCE_QUIET_S:
                return
            if self.look.is_set() or now - looked_at >= LOOK_EVERY_S:
                self.look.clear()
                looked_at = now
                self._own()
                setup = self._set_up()
                if setup.address != address:
                    return
                self._subscribe(source)
                if not setup.filters:
                    raise GoneError

    def _drain(self, source: Source) -> None:
        """What has arrived is stored before we go; no longer than a while, for a broker may never fall silent."""
        deadline = time.monotonic() + DRAIN_S
        while time.monotonic() < deadline and (messages := source.receive(settings.INGEST_BATCH, 0)):
            self._take(source, messages)

    def _take(self, source: Source, messages: list[Message]) -> None:
        """Store a batch, however long the database takes to accept it, and acknowledge it."""
        reads = self._intake.read(messages)
        tries = 0
        while reads:
            try:
                self._store(reads)
            except EventLog.DoesNotExist:
                raise BrokerError("A log was removed while its events came; they come again.") from None
            except (DatabaseError, InterfaceError) as error:
                if self.once:
                    raise
                self._fail(f"The database does not take events: {error}")
                self._wait_in_touch(source, DELAYS_S[min(tries, len(DELAYS_S) - 1)])
                tries += 1
        source.acknowledge(messages)
        self._say(Broker.State.CONNECTED, self._note)

    def _store(self, reads: list[Read]) -> None:
        """Store a batch and empty the list, from which what is stored is taken out in any case."""
        try:
            self._intake.store(reads)
            reads.clear()
        except NOT_STORABLE:
            self._set_up()  # the fault may be that a stream was removed meanwhile
            known = {route.stream.pk for route in self._intake.routes}
            reads[:] = [read for read in reads if read.stream.pk in known]
            while reads:
                self._intake.store_or_refuse(reads[0])
                del reads[0]

    def _wait_in_touch(self, source: Source, delay_s: float) -> None:
        """Keep the batch and the connection while the database rests."""
        until = time.monotonic() + delay_s
        while (left_s := until - time.monotonic()) > 0:
            if self._stopping.is_set():
                raise BrokerError("Stopped while the database took no events; they come again.")
            source.keep_alive(min(left_s, WAIT_S))

    # --- What is asked for ------------------------------------------------------------

    def _own(self) -> None:
        """Take or renew the lease; raises LeaseLostError."""
        if time.monotonic() < self._renew_at:
            return
        fence = leases.acquire(self._lease)
        if fence is None:
            self._intake.fence = 0
            raise LeaseLostError
        self._intake.fence = fence
        self._renew_at = time.monotonic() + leases.RENEW_S

    def _set_up(self) -> Setup:
        """Read broker and streams, and let the intake know them."""
        broker = Broker.objects.filter(pk=self.broker_id).first()
        if broker is None:
            raise GoneError
        self._subscribed = dict(broker.subscribed)
        self._intake.set_up(Stream.objects.filter(broker=broker, enabled=True, archived_at=None))
        return Setup(Address.of(broker), self._intake.filters)

    def _subscribe(self, source: Source) -> None:
        """Ask the broker for what is new, and no more for what is gone; the session stays, and what it holds.

        The table is written first: after a crash in between a filter too many there does no harm, while one too few
        would stay subscribed for ever. What was written and not asked for is asked for again below.
        """
        wanted = self._intake.filters
        gone = [filter_ for filter_ in self._subscribed if filter_ not in wanted]
        new = {filter_: qos for filter_, qos in wanted.items() if self._subscribed.get(filter_) != qos}
        if gone or new:
            rows = Broker.objects.filter(pk=self.broker_id)
            rows.update(subscribed=self._subscribed | dict.fromkeys(new, -1))
            source.subscribe(new)
            source.unsubscribe(gone)
            rows.update(subscribed=wanted)
            self._subscribed = wanted
        for filter_, reason in source.refused.items():
            self._note = f"The broker refuses the subscription to {filter_}: {reason}."
            self._say(Broker.State.CONNECTED, self._note)

    # --- What is told -----------------------------------------------------------------

    def _say(self, state: str, error: str = "") -> None:
        """Show the broker's state; a database that is away is told at the next occasion."""
        if self._said != (state, error):
            try:
                rows = Broker.objects.filter(pk=self.broker_id)
                rows.update(state=state, state_since=timezone.now(), last_error=error)
            except (DatabaseError, InterfaceError):
                connection.close()
            self._said = (state, error)

    def _fail(self, reason: str) -> None:
        log.warning("broker %d: %s", self.broker_id, reason)
        self.failed = reason
        connection.close()  # it may be the database that failed; the next query opens it again
        self._say(Broker.State.FAILED, reason)

    def _rest(self, delay_s: float) -> None:
        """Wait before the next try, with jitter; a changed set-up ends it."""
        until = time.monotonic() + delay_s * random.uniform(0.8, 1.2)
        before = self._seen()
        while time.monotonic() < until and not self._stopping.is_set() and self._seen() == before:
            self.look.wait(LOOK_EVERY_S / 2)
            self.look.clear()

    def _seen(self) -> Setup | str:
        try:
            return self._set_up()
        except (BrokerError, DatabaseError, InterfaceError, GoneError) as error:
            connection.close()
            return repr(error)

    def _end(self) -> None:
        try:
            if not (self.once and self.failed):
                self._say(Broker.State.STOPPED)
            leases.release(self._lease, self._intake.fence)
        except (DatabaseError, InterfaceError):
            log.warning("broker %d: the database is away at the end; the lease runs out by itself", self.broker_id)
        finally:
            connection.close()
