"""The event: one step of one case."""

from datetime import datetime
from typing import NamedTuple

from foundation.moments import moment
from simulator.errors import SimulatorError


class Event(NamedTuple):
    """One step of a case, as every sink gets it.

    ``at_us`` is simulated time, integer microseconds since 1970: sums of durations stay exact. ``node`` is the
    datasource where it happened (its ``spec.name``), ``ends_case`` tells that no event of this case follows.
    """

    case: str
    activity: str
    node: str
    group: str
    at_us: int
    ends_case: bool

    @property
    def at(self) -> datetime:
        """The simulated moment, aware UTC. A moment no calendar holds raises SimulatorError."""
        try:
            return moment(self.at_us)
        except OverflowError:
            raise SimulatorError("simulated time has passed the year 9999: the durations are too long") from None
