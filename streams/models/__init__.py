"""Tables of streams: where events come from and where they are stored."""

from streams.models.broker import Broker, BrokerInUseError
from streams.models.grants import LogGrant
from streams.models.records import Delivered, Event, Import, Position, Rejection, Retired, plus
from streams.models.setup import EventLog, Republish, Stream

__all__ = [
    "Broker",
    "BrokerInUseError",
    "Delivered",
    "Event",
    "EventLog",
    "Import",
    "LogGrant",
    "Position",
    "Rejection",
    "Republish",
    "Retired",
    "Stream",
    "plus",
]
