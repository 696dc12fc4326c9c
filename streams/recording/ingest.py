"""Recording: one `BrokerIngest` for every broker that a stream asks for, one `Republisher` for each log sent on."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Q

from foundation.processes import hints
from foundation.progress import Progress, ignore
from streams.models import Broker, Republish, Stream
from streams.recording.broker_ingest import DRAIN_S, LOOK_EVERY_S, BrokerIngest
from streams.recording.republish import Republisher

Worker = BrokerIngest | Republisher
REPORT_S = 0.2  # between two reports of `drain`

log = logging.getLogger(__name__)


class Ingest:
    """Starts a thread for all that is asked for; the threads end by themselves when no longer wanted."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.taken = self.sent = 0  # messages and events, by `drain`
        self._threads: dict[tuple[type[Worker], int], Worker] = {}

    def run(self) -> None:
        """Until `stop` is set; then drains, and returns when every thread has ended."""
        with hints.Listener(hints.SETUP) as listener:
            look_at = 0.0
            while not self.stop.is_set():
                heard = listener.wait()
                if heard or time.monotonic() >= look_at:
                    look_at = time.monotonic() + LOOK_EVERY_S
                    self._watch(heard=bool(heard))
        for thread in self._threads.values():
            thread.look.set()
            thread.join(2 * DRAIN_S)
        connection.close()

    def drain(self, report: Progress = ignore) -> list[str]:
        """Take what waits at every broker, send on what is stored then, and end; what went wrong, in words."""
        names = dict(Broker.objects.values_list("pk", "name"))
        brokers = [BrokerIngest(pk, self.stop, once=True) for pk in sorted(wanted_brokers())]
        self.taken = _run(brokers, partial(report, "messages of brokers", unit="messages"))
        logs = {row.pk: str(row) for row in Republish.objects.filter(enabled=True).select_related("log")}
        republishers = [Republisher(pk, self.stop, once=True) for pk in logs]
        self.sent = _run(republishers, partial(report, "sending on"))
        return [f"{names.get(thread.broker_id)}: {thread.failed}" for thread in brokers if thread.failed] + [
            f"{logs[thread.pk]}: {thread.failed}" for thread in republishers if thread.failed
        ]

    def _watch(self, *, heard: bool) -> None:
        try:
            wanted: set[tuple[type[Worker], int]] = {(BrokerIngest, pk) for pk in wanted_brokers()}
            wanted |= {(Republisher, pk) for pk in Republish.objects.filter(enabled=True).values_list("pk", flat=True)}
        except (DatabaseError, InterfaceError) as error:
            log.warning("what is asked for cannot be read: %s", error)
            connection.close()
            return
        for name, thread in list(self._threads.items()):
            if not thread.is_alive():
                del self._threads[name]
            elif heard:
                thread.look.set()
        for kind, pk in wanted - self._threads.keys():
            self._threads[kind, pk] = kind(pk, self.stop)
            self._threads[kind, pk].start()


def _run(threads: Sequence[Worker], report: Callable[[int], None]) -> int:
    """Run the threads to their end; how many messages they handled."""
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(REPORT_S)
            report(sum(thread.handled for thread in threads))
    return sum(thread.handled for thread in threads)


def wanted_brokers() -> set[int]:
    """Brokers that an enabled stream asks for, and those where our session must still be told to send no more."""
    asked = Stream.objects.filter(enabled=True, archived_at=None).values("broker")
    return set(Broker.objects.filter(Q(pk__in=asked) | ~Q(subscribed={})).values_list("pk", flat=True))
