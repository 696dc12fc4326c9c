"""Recording: one `BrokerIngest` for every broker that a stream asks for."""

import logging
import threading
import time

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Q

from streams import hints
from streams.broker_ingest import DRAIN_S, LOOK_EVERY_S, BrokerIngest
from streams.models import Broker, Stream

log = logging.getLogger(__name__)


class Ingest:
    """Starts a thread for each broker that is asked for; the threads end by themselves when no longer wanted."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._threads: dict[int, BrokerIngest] = {}

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

    def drain(self) -> list[str]:
        """Take what waits at every broker and end; what went wrong, in words."""
        threads = [BrokerIngest(pk, self.stop, once=True) for pk in sorted(wanted_brokers())]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        names = dict(Broker.objects.values_list("pk", "name"))
        return [f"{names.get(thread.broker_id)}: {thread.failed}" for thread in threads if thread.failed]

    def _watch(self, *, heard: bool) -> None:
        try:
            wanted = wanted_brokers()
        except (DatabaseError, InterfaceError) as error:
            log.warning("brokers cannot be read: %s", error)
            connection.close()
            return
        for pk, thread in list(self._threads.items()):
            if not thread.is_alive():
                del self._threads[pk]
            elif heard:
                thread.look.set()
        for pk in wanted - self._threads.keys():
            self._threads[pk] = BrokerIngest(pk, self.stop)
            self._threads[pk].start()


def wanted_brokers() -> set[int]:
    """Brokers that an enabled stream asks for, and those where our session must still be told to send no more."""
    asked = Stream.objects.filter(enabled=True, archived_at=None).values("broker")
    return set(Broker.objects.filter(Q(pk__in=asked) | ~Q(subscribed={})).values_list("pk", flat=True))
