"""Drain, commit, acknowledge: the thread that takes one broker's messages.

A message is acknowledged only after the commit that holds it; whatever ends this process, the broker sends what was
not acknowledged again. Nothing that a broker, a message or the database does ends the thread: it says what is wrong
in the broker's ``last_error`` and tries again.
"""

import logging
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from foundation.processes.leases import LeaseLostError
from streams.brokers.base import BrokerError, BrokerMessage, Source
from streams.brokers.faults import Fault
from streams.brokers.registry import source_of
from streams.models import Broker, EventLog, Stream
from streams.recording.intake import NOT_STORABLE, Intake, Read
from streams.recording.pulse import Pulse

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

    broker: Broker = field(compare=False)
    streams: list[Stream] = field(compare=False)
    connection: tuple[object, ...]
    asked: frozenset[tuple[str, int]]


class BrokerIngest(threading.Thread):
    """One broker's connection: from its messages to rows, until told to stop or until no stream needs it."""

    def __init__(self, broker_id: int, stop: threading.Event, *, once: bool = False) -> None:
        super().__init__(name=f"broker-{broker_id}", daemon=True)
        self.broker_id = broker_id
        self.once = once
        self.failed = ""  # with ``once``: why the broker could not be drained
        self.handled = 0  # messages stored or refused, and acknowledged
        self.look = threading.Event()  # set it to have the tables read again
        self._stopping = stop
        self._source: Source | None = None
        self._said: tuple[str, str, str] | None = None  # state, and what is wrong as code and words
        self._unshown: dict[str, object] = {}  # columns of the broker that the database has not taken yet
        self._pulse = Pulse(broker_id)
        self._connections = 0

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
                except BrokerError as error:
                    self._fail(error)
                except (DatabaseError, InterfaceError) as error:
                    self._fail(BrokerError(_fault_of(error), str(error)))
                except Exception as error:
                    log.exception("broker %d: unexpected", self.broker_id)
                    self._fail(BrokerError(Fault.UNEXPECTED, f"Unexpected: {error!r}"))
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
        """Own our share, connect, take messages; returns where another connection is wanted, or none."""
        setup = self._set_up()
        self._source = source = source_of(setup.broker)
        self._intake = Intake(source)
        source.own()
        self._say(Broker.State.CONNECTING)
        source.connect()
        self._connections += 1
        if self._connections > 1:
            Broker.objects.filter(pk=self.broker_id).update(reconnects=F("reconnects") + 1)
        try:
            self._follow(source, setup)
            self._take_all(source, setup)
            self._drain(source)
        finally:
            source.close()

    def _follow(self, source: Source, setup: Setup) -> None:
        """Ask for what the streams want now; raises GoneError where that is nothing any more."""
        self._intake.set_up(setup.streams)
        source.follow(setup.streams)
        if not setup.streams:
            raise GoneError
        self._say(Broker.State.CONNECTED, source.note)

    def _take_all(self, source: Source, began_as: Setup) -> None:
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
                source.own()
                setup = self._set_up()
                self._pulse.beat(setup.streams)
                if setup.connection != began_as.connection:
                    source.release()
                    return
                self._follow(source, setup)

    def _drain(self, source: Source) -> None:
        """What has arrived is stored before we go; no longer than a while, for a broker may never fall silent."""
        deadline = time.monotonic() + DRAIN_S
        while time.monotonic() < deadline and (messages := source.receive(settings.INGEST_BATCH, 0)):
            self._take(source, messages)

    def _take(self, source: Source, messages: Sequence[BrokerMessage]) -> None:
        """Store a batch, however long the database takes to accept it, and acknowledge it."""
        reads = self._intake.read(messages)
        tries = 0
        while reads:
            try:
                self._store(reads)
            except EventLog.DoesNotExist:
                why = "A log was removed while its events came; they come again."
                raise BrokerError(Fault.LOG_REMOVED, why) from None
            except (DatabaseError, InterfaceError) as error:
                if self.once:
                    raise
                self._fail(_not_stored(error))
                self._wait_in_touch(source, DELAYS_S[min(tries, len(DELAYS_S) - 1)])
                tries += 1
        self._pulse.committed(messages[0].received_at)
        source.acknowledge(messages)
        self.handled += len(messages)
        self._say(Broker.State.CONNECTED, source.note)

    def _store(self, reads: list[Read]) -> None:
        """Store a batch and empty the list, from which what is stored is taken out in any case."""
        try:
            self._intake.store(reads)
            reads.clear()
        except NOT_STORABLE:
            known = {stream.pk for stream in self._set_up().streams}  # perhaps one was removed meanwhile
            reads[:] = [read for read in reads if read.stream.pk in known]
            while reads:
                self._intake.store_or_refuse(reads[0])
                del reads[0]

    def _wait_in_touch(self, source: Source, delay_s: float) -> None:
        """Keep the batch and the connection while the database rests."""
        until = time.monotonic() + delay_s
        while (left_s := until - time.monotonic()) > 0:
            if self._stopping.is_set():
                raise BrokerError(Fault.DATABASE, "Stopped while the database took no events; they come again.")
            source.keep_alive(min(left_s, WAIT_S))

    # --- What is asked for ------------------------------------------------------------

    def _set_up(self) -> Setup:
        """Read broker and streams; raises GoneError where nobody asks for this broker."""
        broker = Broker.objects.filter(pk=self.broker_id).first()
        streams = list(broker.streams.filter(enabled=True, archived_at=None)) if broker is not None else []
        if broker is None or not (streams or broker.subscribed):
            raise GoneError
        return Setup(
            broker,
            streams,
            connection=broker.connection,
            asked=frozenset((stream.filter, stream.qos) for stream in streams),
        )

    # --- What is told -----------------------------------------------------------------

    def _say(self, state: str, error: BrokerError | None = None) -> None:
        """Show the broker's state; a database that is away is told at the next occasion."""
        code, words = (error.code, str(error)) if error is not None else ("", "")
        if self._said != (state, code, words):
            now = timezone.now()
            self._said = state, code, words
            self._unshown |= {"state": state, "state_since": now, "last_error": words, "last_error_code": code}
            if state == Broker.State.FAILED:
                self._unshown |= {"last_failure": words, "last_failure_at": now}
        self._show()

    def _show(self) -> None:
        if self._unshown:
            try:
                Broker.objects.filter(pk=self.broker_id).update(seen_at=Now(), **self._unshown)
            except (DatabaseError, InterfaceError):
                connection.close()
            else:
                self._unshown = {}

    def _fail(self, error: BrokerError) -> None:
        log.warning("broker %d: %s", self.broker_id, error)
        self.failed = str(error)
        connection.close()  # it may be the database that failed; the next query opens it again
        self._say(Broker.State.FAILED, error)

    def _rest(self, delay_s: float) -> None:
        """Wait before the next try, with jitter; a changed set-up ends it."""
        until = time.monotonic() + delay_s * random.uniform(0.8, 1.2)
        before = self._seen()
        while time.monotonic() < until and not self._stopping.is_set() and self._seen() == before:
            self.look.wait(LOOK_EVERY_S / 2)
            self.look.clear()

    def _seen(self) -> Setup | str:
        try:
            setup = self._set_up()
            self._show()
            self._pulse.beat(setup.streams)
        except (BrokerError, DatabaseError, InterfaceError, GoneError) as error:
            connection.close()
            return repr(error)
        return setup

    def _end(self) -> None:
        try:
            if self._source is not None:
                self._source.release()
            if not (self.once and self.failed) and not Broker(pk=self.broker_id).taken:
                self._say(Broker.State.STOPPED)
        except (DatabaseError, InterfaceError):
            log.warning("broker %d: the database is away at the end; the lease runs out by itself", self.broker_id)
        finally:
            connection.close()


def _fault_of(error: Exception) -> Fault:
    """What is wrong with the database, by the code of SQLite or PostgreSQL below Django's exception."""
    cause = error.__cause__
    full = getattr(cause, "sqlite_errorname", "") == "SQLITE_FULL" or getattr(cause, "sqlstate", "") == "53100"
    return Fault.DISK_FULL if full else Fault.DATABASE


def _not_stored(error: Exception) -> BrokerError:
    """What the database said to a batch, and what helps."""
    fault = _fault_of(error)
    said = f"The database does not take events: {str(error).strip().rstrip('.')}."
    if fault == Fault.DISK_FULL:
        hint = "Make room on its disk; recording goes on by itself, and until then nothing is acknowledged."
    else:
        hint = "Nothing is acknowledged until it does."
    return BrokerError(fault, f"{said} {hint}")
