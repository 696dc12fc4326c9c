"""A log file as the messages that would have told it: MQTT-XES, in event order, each with an id of its own."""

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

import orjson

from foundation.moments import EPOCH
from streams.files import Columns, FileError, read_log
from streams.parsing.topics import escape_level

_MS = timedelta(milliseconds=1)
_UNTIMED = timedelta(seconds=1)  # between two events of a log that tells no times
_TELL_S = 0.5  # how often a long wait says that it goes on


@dataclass(slots=True)
class Outgoing:
    """One message, and when it is due in the log's own timing (since 1970, or since the first event)."""

    due: timedelta
    topic: str
    payload: bytes


def event_id(ms: int, process: str, case: str, place: int) -> str:
    """A UUID that is a function of the log only, and ordered by time.

    ``ms`` (milliseconds since 1970, at least 0) fills the first 48 bits; a hash of process, case and the event's place
    in its case the rest. Version 8 (RFC 9562, section 5.8): version 7 would have to be random there.
    """
    digest = blake2b(json.dumps([process, case, place]).encode(), digest_size=10).digest()
    bits = (min(max(ms, 0), (1 << 48) - 1) << 80) | int.from_bytes(digest)
    bits = bits & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62
    return str(uuid.UUID(int=bits))


def outgoing(path: Path, base: str, process: str, columns: Columns | None = None) -> list[Outgoing]:
    """The messages of a log file, sorted by time; those of equal times in the order of the file. Raises FileError.

    A log without any time keeps the order of the file and sends no ``time:timestamp``; the place of an event then
    stands for its milliseconds in the id.
    """
    events = list(read_log(path, columns))
    timed = any(event.at is not None for event in events)
    prefix = f"{base}/{escape_level(process)}" if base else escape_level(process)
    places: Counter[str] = Counter()
    messages: list[Outgoing] = []
    for number, event in enumerate(events):
        if timed and event.at is None:
            raise FileError(path, event.line, "the event has no time, but others have: mend it or leave it out.")
        due = (event.at or EPOCH) - EPOCH if timed else number * _UNTIMED
        ms = due // _MS if timed else number
        attributes = event.attributes | {"identity:id": event_id(ms, process, event.case, places[event.case])}
        if event.at is not None:
            attributes["time:timestamp"] = event.at.isoformat()
        places[event.case] += 1
        topic = f"{prefix}/{escape_level(event.case)}/{escape_level(event.activity)}"
        messages.append(Outgoing(due, topic, orjson.dumps({"trace": event.trace, "event": attributes})))
    return sorted(messages, key=lambda message: message.due)


def send(
    messages: Sequence[Outgoing], publish: Callable[[str, bytes], None], speed: float, stop: threading.Event
) -> Iterator[int]:
    """Publish in the log's own timing, ``speed`` times faster, or as fast as it goes (0); yields how many are out."""
    began = time.monotonic()
    for number, message in enumerate(messages, start=1):
        if speed > 0:
            due_s = (message.due - messages[0].due).total_seconds() / speed
            while (wait_s := began + due_s - time.monotonic()) > 0:
                yield number - 1
                if stop.wait(min(wait_s, _TELL_S)):
                    return
        if stop.is_set():
            return
        publish(message.topic, message.payload)
        yield number
