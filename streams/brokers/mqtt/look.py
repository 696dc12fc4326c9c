"""A look at a topic filter by a session of its own, which ends with the connection."""

import secrets
import time
from collections.abc import Generator

from streams.brokers.base import client_id
from streams.brokers.mqtt.address import Address
from streams.brokers.mqtt.packets import MqttMessage
from streams.brokers.mqtt.source import Source, subscription_refused
from streams.models import Broker

_TURN_S = 0.25


def look(broker: Broker, filter_: str, most: int, seconds: float) -> Generator[MqttMessage]:
    """Messages as they come, for some seconds; raises BrokerError.

    At QoS 0, so that nothing waits at the broker when we are slow; at most ``most`` are held here at once.
    """
    name = f"{client_id(broker.pk or 0)}-look-{secrets.token_hex(4)}"
    source = Source(Address.of(broker), name, keep_session=False)
    try:
        source.connect()
        source.subscribe({filter_: 0})
        deadline = time.monotonic() + seconds
        while (left_s := deadline - time.monotonic()) > 0:
            yield from source.receive(most, min(left_s, _TURN_S))
            if reason := source.refused.get(filter_):
                raise subscription_refused(filter_, reason)
    finally:
        source.close()
