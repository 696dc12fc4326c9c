"""What costs much to make, kept while it is worth it: whoever looks, at most a hundredth of a core makes it."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.utils import timezone

SHARE = 0.01  # of a core, for each thing that is kept
CHEAP_S = 0.05  # of CPU: what costs less is made each time
MOST = 64  # things; the one that was made longest ago goes first

T = TypeVar("T")


@dataclass(frozen=True)
class CachedValue(Generic[T]):
    """A thing; ``at`` is when it was made, of one that may be kept."""

    value: T
    at: datetime | None
    stamp: Hashable
    until: float  # monotonic seconds


class CostCache(Generic[T]):
    """Things by key, in this process. One is made anew once its ``stamp`` has changed, and it was used long enough."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[Hashable, CachedValue[T]] = OrderedDict()

    def get(self, key: Hashable, stamp: Hashable, make: Callable[[], T]) -> CachedValue[T]:
        """The thing of this key, made by ``make`` unless it is kept."""
        with self._lock:
            known = self._made.get(key)
        if known is not None and (known.stamp == stamp or time.monotonic() < known.until):
            return known
        began = time.thread_time()
        value = make()
        took_s = time.thread_time() - began
        if took_s < CHEAP_S:
            return CachedValue(value, None, stamp, 0.0)
        made = CachedValue(value, timezone.now(), stamp, time.monotonic() + took_s / SHARE)
        with self._lock:
            self._made[key] = made
            self._made.move_to_end(key)
            while len(self._made) > MOST:
                self._made.popitem(last=False)
        return made
