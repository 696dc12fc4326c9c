"""Event ids: UUIDs of version 7, so that they sort by the moment they were made."""

import secrets
import time
from uuid import UUID

_COUNTER_BITS = 12


class EventIds:
    """Makes ids that differ in every run and only grow within one, even if the clock steps back.

    Source: RFC 9562, 5.7 and 6.2 method 1: 48 bits of Unix milliseconds, a 12-bit counter that begins below half
    and counts up within a millisecond, 62 random bits.
    """

    def __init__(self) -> None:
        self._ms = 0
        self._counter = 0

    def next(self) -> str:
        """A new id in its text form."""
        now_ms = time.time_ns() // 1_000_000
        if now_ms > self._ms:
            self._ms, self._counter = now_ms, secrets.randbits(_COUNTER_BITS - 1)
        else:
            self._counter += 1
            if self._counter >> _COUNTER_BITS:  # used up: borrow from the next millisecond
                self._ms, self._counter = self._ms + 1, 0
        value = self._ms << 80 | 0x7 << 76 | self._counter << 64 | 0b10 << 62 | secrets.randbits(62)
        return str(UUID(int=value))
