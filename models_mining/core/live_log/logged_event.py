"""One event as the mining core reads it, and the reader of the events before it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable


class LoggedEvent(NamedTuple):
    """One stored event. Moments are integer microseconds since 1970.

    ``at_us`` is when it happened (order and durations), ``received_at_us`` when it arrived (idle closing).
    Events of a case are ordered by (``at_us``, ``seq``): of equal times, the one stored first comes first.
    """

    seq: int
    case: str
    activity: str
    at_us: int
    received_at_us: int


Row = tuple[int, str, str, int, int]
"""A :class:`LoggedEvent`, or the plain tuple of its fields as a table returns it, which is unpacked three times as
fast."""


class Step(NamedTuple):
    """One event within its case: its activity and its moment."""

    activity: str
    at_us: int


CaseHistory = Callable[[str, int | None, int], Sequence[tuple[str, int]]]
"""``history(case, at_us, before_seq)``: the last events of a case, read back from where they are stored.

The answer holds (activity, at_us) pairs in the order (at, seq), only of events with ``seq`` < ``before_seq``, and
always reaches to the end of the case. It begins

- with ``at_us`` None: at the case's first event;
- otherwise: at the second last event with ``at`` <= ``at_us``, or earlier (the two before the place of insertion
  are what triples need; a case with fewer such events is given whole). Beginning earlier is never wrong, so one
  indexed query with ``at >= (select the at of the second last)`` will do.

The answer for an unknown case is empty. Errors of the reader pass through :meth:`LiveLog.learn_one`, which has then
not counted the event and may be called again.
"""


@runtime_checkable
class Reader(Protocol):
    """A :data:`CaseHistory` that also knows when a case was last seen; a log with a memory policy needs it."""

    def __call__(self, case: str, at_us: int | None, before_seq: int, /) -> Sequence[tuple[str, int]]:
        """See :data:`CaseHistory`."""
        ...

    def heard(self, case: str, before_seq: int) -> int | None:
        """Return the greatest arrival (µs) among events of the case with ``seq`` < ``before_seq``; None: no such."""
        ...


class HistoryError(ValueError):
    """The earlier events of a case were needed, and were missing or do not fit what was learnt of the case."""
