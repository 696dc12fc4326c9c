"""How often somebody may make this server connect to a broker from a page: it takes seconds, and a thread."""

import math

from django.http import HttpRequest

from foundation.http import limits
from streams.brokers.base import BrokerError
from streams.brokers.listening import Heard, listen
from streams.models import Broker

A_MINUTE = 12
AT_ONCE = 6


def no_turn(request: HttpRequest) -> str:
    """Why not now, in words; empty where it is fine."""
    wait_s = limits.take(f"connecting:user-{request.user.pk}", 1, A_MINUTE / 60, AT_ONCE)
    return f"You have tried this often within a minute: wait {math.ceil(wait_s)} s, then try again." if wait_s else ""


def listened(request: HttpRequest, broker: Broker, topic: str, partitions: int) -> tuple[list[Heard], str]:
    """What is heard on a topic now, or why nothing can be, in words."""
    if problem := no_turn(request):
        return [], problem
    try:
        return listen(broker, topic, partitions=partitions), ""
    except BrokerError as error:
        return [], str(error)
