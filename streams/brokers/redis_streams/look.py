"""A look at a key: its newest entries, read without a group."""

from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

from streams.brokers.redis_streams.client import CONNECT_S, client_of, in_words, keys, text
from streams.brokers.redis_streams.source import Entry, entry_of
from streams.models import Broker


def look(broker: Broker, topic: str, partitions: int, most: int, seconds: float) -> Generator[Entry]:
    """The newest entries of a topic's keys, oldest first; where there is none, what comes within some seconds."""
    with in_words():
        client = client_of(broker, CONNECT_S + seconds)
        try:
            names = keys(topic, partitions)
            reads: Any = client.xrevrange
            found: Any = [(name, reads(name, count=most)[::-1]) for name in names]
            if not any(entries for _, entries in found):
                found = client.xread(dict[Any, Any](dict.fromkeys(names, "$")), count=most, block=int(seconds * 1000))
        finally:
            client.close()
    now = datetime.now(UTC)
    for key, entries in found or ():
        for id_, fields in entries:
            yield entry_of(topic, text(key), text(id_), fields or {}, now)
