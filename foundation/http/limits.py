"""How much one may ask for in a time: token buckets, shared by all processes where there is a Redis, else one each.

Source: RFC 2697 (a bucket of one rate; the committed part of it).
"""

import logging
import math
import threading
import time
from collections import OrderedDict

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

REMEMBERED = 10_000  # buckets of a process; whose is forgotten is full again

logger = logging.getLogger(__name__)


class Buckets:
    """The buckets of a process. Each is one number: the moment at which what was taken is paid back in full."""

    def __init__(self) -> None:
        self._free_at: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, cost: float, rate_per_s: float, burst: float) -> float:
        """Take ``cost`` and answer 0, or take nothing and answer after how many seconds it would be there."""
        now = time.monotonic()
        with self._lock:
            free_at = max(self._free_at.get(key, -math.inf), now - burst / rate_per_s) + cost / rate_per_s
            if free_at > now:
                return free_at - now
            self._free_at[key] = free_at
            self._free_at.move_to_end(key)
            if len(self._free_at) > REMEMBERED:
                self._free_at.popitem(last=False)
            return 0.0

    def forget(self) -> None:
        """All are full again."""
        self._free_at.clear()


own = Buckets()


def take(key: str, cost: float, rate_per_s: float, burst: float) -> float:
    """As `Buckets.take`, from the bucket of all processes; from our own while Redis does not answer."""
    cost = min(cost, burst)  # what is more than a full bucket waits for a full one
    if settings.REDIS_URL:
        from foundation.http import redis_limits  # only where it is used: the web starts faster without

        try:
            return redis_limits.take(key, cost, rate_per_s, burst)
        except redis_limits.NoAnswerError as error:
            logger.warning("Limits hold for each process alone: Redis does not answer (%s)", error)
    return own.take(key, cost, rate_per_s, burst)


def who(request: Request | HttpRequest) -> str:
    """The user: all their tokens and browsers share buckets, or each token they make would be a limit more."""
    return f"user-{request.user.pk}"


def take_requests(request: Request | HttpRequest, kind: str, per_minute: int) -> float:
    """One request of so many a minute, all of which may come at once; the seconds to wait. 0 a minute: no limit."""
    return take(f"{kind}:{who(request)}", 1, per_minute / 60, per_minute) if per_minute else 0.0


def take_job(request: Request) -> None:
    """Count a job that is about to be started; raise Throttled where a user starts more than they may change."""
    if wait := take_requests(request, "jobs", settings.LIMIT_CONTROL):
        raise Throttled(math.ceil(wait), f"More than {settings.LIMIT_CONTROL} new jobs a minute.")


def take_events(request: Request, log: int, count: int) -> None:
    """Events that are about to be stored in a log; Throttled where they come too fast."""
    rate = settings.LIMIT_EVENTS
    if rate and (wait := take(f"events:{who(request)}:{log}", max(count, 1), rate, max(settings.LIMIT_BURST, rate))):
        raise Throttled(math.ceil(wait), f"More than {rate} events a second for one log. Nothing was stored.")
