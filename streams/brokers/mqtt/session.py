"""MQTT as a source and a target: one process at a time holds a broker's session."""

import logging
from collections.abc import Iterable, Sequence
from typing import Self

from django.db.models import QuerySet

from foundation.processes import leases
from streams.brokers.base import BrokerError, client_id
from streams.brokers.faults import Fault
from streams.brokers.mqtt import Address, MqttMessage, Publisher, Source
from streams.brokers.mqtt.deliveries import Deliveries
from streams.brokers.mqtt.depth import Depth
from streams.brokers.mqtt.source import subscription_refused
from streams.models import Broker, Stream

log = logging.getLogger(__name__)


class MqttSession:
    """The session that a broker keeps for this installation, leased, with its subscriptions and redeliveries."""

    def __init__(self, broker: Broker) -> None:
        self.note: BrokerError | None = None
        self._broker_id = broker.pk
        self._lease = leases.Held(broker.lease)
        self._source = Source(Address.of(broker), client_id(broker.pk))
        self._deliveries = Deliveries(client_id(broker.pk))
        self._subscribed: dict[str, int] = {}
        self._depth: Depth | None = None  # while connected
        self._waiting: int | None = broker.waiting

    def own(self) -> None:
        """Take or renew the broker's lease, and show how much waits there."""
        if not self._lease.keep():
            raise leases.LeaseLostError
        waiting = self._depth.look() if self._depth is not None else None
        if self._depth is not None and self._depth.dropped:
            why = f"The broker has dropped {self._depth.dropped} messages, of whatever client: a queue was full."
            self.note = BrokerError(Fault.DROPPED, why)
        if waiting != self._waiting:
            self._row.update(waiting=waiting)
            self._waiting = waiting

    def connect(self) -> None:
        """Resume the session; where the broker has lost it, say so."""
        self._source.connect()
        self._deliveries.begin(session_present=self._source.session_present)
        self._subscribed = dict(self._row.values_list("subscribed", flat=True).get())
        self.note = None
        self._depth = Depth(self._source.address, self._source.client_id)
        if self._subscribed and not self._source.session_present:
            why = "The broker had lost our session: what was published while we were away is missing."
            self.note = BrokerError(Fault.SESSION_LOST, why)
            log.warning("broker %d: %s", self._broker_id, self.note)
            self._subscribed = {}
            self._row.update(subscribed={})

    def follow(self, streams: Sequence[Stream]) -> None:
        """Ask the broker for what is new, and no more for what is gone; the session stays, and what it holds.

        The table is written first: after a crash in between a filter too many there does no harm, while one too few
        would stay subscribed for ever. What was written and not asked for is asked for again below.
        """
        wanted = {stream.filter: stream.qos for stream in streams}
        gone = [filter_ for filter_ in self._subscribed if filter_ not in wanted]
        new = {filter_: qos for filter_, qos in wanted.items() if self._subscribed.get(filter_) != qos}
        if gone or new:
            self._row.update(subscribed=self._subscribed | dict.fromkeys(new, -1))
            self._source.subscribe(new)
            self._source.unsubscribe(gone)
            self._row.update(subscribed=wanted)
            self._subscribed = wanted
        for filter_, reason in self._source.refused.items():
            self.note = subscription_refused(filter_, reason)

    @property
    def _row(self) -> "QuerySet[Broker]":
        return Broker.objects.filter(pk=self._broker_id)

    def receive(self, limit: int, timeout_s: float) -> list[MqttMessage]:
        """See `streams.brokers.mqtt.source.Source.receive`."""
        return self._source.receive(limit, timeout_s)

    def acknowledge(self, messages: Sequence[MqttMessage]) -> None:
        """PUBACK."""
        self._source.acknowledge(messages)

    def keep_alive(self, timeout_s: float) -> None:
        """Answer the broker's pings."""
        self._source.keep_alive(timeout_s)

    @property
    def settled(self) -> bool:
        """Whether the broker has answered every subscription."""
        return self._source.settled

    def close(self) -> None:
        """Disconnect in order; the session stays."""
        self._source.close()
        if self._depth is not None:
            self._depth.close()
            self._depth = None

    def release(self) -> None:
        """Another process may resume the session."""
        self._lease.let_go()

    def is_redelivery(self, message: MqttMessage) -> bool:
        """See `Deliveries.is_redelivery`."""
        return self._deliveries.is_redelivery(message)

    def remember(self, messages: Sequence[MqttMessage], without_id: Sequence[MqttMessage]) -> None:
        """Fence and deliveries."""
        self._lease.check()
        self._deliveries.remember(sum(1 for message in messages if message.qos), without_id)


class MqttTarget:
    """Publishes to one topic, at QoS 1."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self._topic = topic
        self._publisher = Publisher(Address.of(broker))

    def __enter__(self) -> Self:
        self._publisher.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._publisher.__exit__(None, None, None)

    def send(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """MQTT has no key: one connection keeps the order of all."""
        for _, payload in messages:
            self._publisher.publish(self._topic, payload)
        self._publisher.finish()
