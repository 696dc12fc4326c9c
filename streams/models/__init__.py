"""Where events come from and where they are kept."""

from streams.answers import KeptAnswer
from streams.grants import LogGrant
from streams.models.broker import Broker
from streams.models.edited import SetUp
from streams.models.lease import Lease
from streams.models.records import Delivered, Event, Import, Position, Rejection, Retired, plus
from streams.models.setup import EventLog, Republish, Stream

__all__ = [
    "Broker",
    "Delivered",
    "Event",
    "EventLog",
    "Import",
    "KeptAnswer",
    "Lease",
    "LogGrant",
    "Position",
    "Rejection",
    "Republish",
    "Retired",
    "SetUp",
    "Stream",
    "plus",
]
