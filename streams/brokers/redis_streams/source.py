"""Redis Streams as a source and a target of events. Source: redis.io, "Redis Streams" and the commands' pages.

A stream of ours follows the key of its topic, or with the option ``partitions`` the keys ``topic:0``, ``topic:1`` …
A key is read by one process at a time, so a case that stays in its key is never split. An entry has the field
``payload``, and where the format reads the topic the field ``topic``; an entry without ``payload`` is read as the
JSON object of its fields. The consumer group has the name of the MQTT client id, its consumers those of the machines.
"""

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import redis
from django.db import transaction

from foundation.processes import leases
from streams.brokers.base import BrokerError, client_id
from streams.brokers.faults import Fault
from streams.brokers.positions import Positions
from streams.brokers.redis_streams.client import CONNECT_S, client_of, in_words, keys, text
from streams.models import Broker, Stream

_TELL_EVERY_S = 1.0
_START = "0-0"
_CLAIMED = 200  # entries in one answer
_NEW = ">"


@dataclass(slots=True)
class Entry:
    """One entry of a Redis stream."""

    topic: str
    payload: bytes
    received_at: datetime
    key: str
    id: str
    retain: bool = False


class RedisSource:
    """The entries of all keys that this process has leased, each key's in their order."""

    def __init__(self, broker: Broker) -> None:
        self.note: BrokerError | None = None
        self._client = client_of(broker, CONNECT_S)
        self._group = client_id(broker.pk)
        self._prefix = broker.lease
        self._member = leases.Member(broker.lease)
        self._positions = Positions(broker.pk)
        self._topics: dict[str, str] = {}  # key → topic, of all that is asked for
        self._leases: dict[str, leases.Held] = {}  # key → lease, of those that are ours
        self._unacknowledged: dict[str, set[str]] = {}  # stored entries that Redis may bring again
        self._after: dict[str, str] = {}  # the last entry read again of those pending; ``>`` when there is none left
        self._last: dict[str, str] = {}  # the newest entry of a key that was delivered to anybody
        self._tell_at = 0.0
        self._quiet = False

    def own(self) -> None:
        """Renew the leases of our keys, take free ones up to our share, and let go what is beyond it."""
        share = self._member.share(len(self._topics))
        for key in [key for key, lease in self._leases.items() if key not in self._topics or not lease.keep()]:
            self._let_go(key)
        for key in list(self._leases)[share:]:
            self._let_go(key)
        for key in self._topics:
            if len(self._leases) >= share:
                break
            lease = leases.Held(f"{self._prefix}:{blake2b(key.encode(), digest_size=16).hexdigest()}")
            if key not in self._leases and lease.keep():
                self._leases[key] = lease
        with in_words():
            for key in self._leases:
                self._begin(key)
            if time.monotonic() >= self._tell_at:
                self._tell_at = time.monotonic() + _TELL_EVERY_S
                self._positions.tell({key: self._backlog(key) for key in self._after})

    def connect(self) -> None:
        """See that Redis answers."""
        with in_words():
            self._client.ping()

    def follow(self, streams: Sequence[Stream]) -> None:
        """Each stream's key or keys; group and key are made where they are not there."""
        topics = {key: stream.topic for stream in streams for key in keys(stream.topic, _partitions(stream))}
        if topics != self._topics:
            self._topics = topics
            self.own()

    def _begin(self, key: str) -> None:
        """First what was delivered and not acknowledged, by whomever, then what is new."""
        if key in self._after:
            return
        try:
            self._client.xgroup_create(key, self._group, id=_START, mkstream=True)
        except redis.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
        self._unacknowledged[key] = set(self._positions.take(key))
        self._last[key] = text(self._about(key)["last-delivered-id"])
        self._claim(key)

    def _claim(self, key: str) -> None:
        """Take over all that is pending: the key is ours, so nobody else may store any of it."""
        start, trimmed = _START, 0
        while True:
            start, _, deleted = self._client.xautoclaim(key, self._group, leases.HOST, 0, start, count=_CLAIMED)
            trimmed += len(deleted)
            if text(start) == _START:
                break
        self._after[key] = _START
        if trimmed:
            why = f"{trimmed} entries of {key} were trimmed away before they were taken: raise its MAXLEN."
            self.note = BrokerError(Fault.TRIMMED, why)

    def receive(self, limit: int, timeout_s: float) -> list[Entry]:
        """What is pending first, then what is new, fairly over the keys."""
        if not self._after:
            time.sleep(timeout_s)  # all keys are in other hands
            return []
        each = max(1, limit // len(self._after))
        try:
            with in_words():
                entries = self._pending(each) or self._new(each)
                if not entries and timeout_s:
                    self._wait(timeout_s)
                    entries = self._new(each)
        except BrokerError as error:
            if error.code != Fault.KEY_DELETED:
                raise
            self.note = BrokerError(Fault.KEY_DELETED, "A key was deleted while it was read, and made anew.")
            self._forget()
            self.own()
            entries = []
        for entry in entries:
            self._last[entry.key] = max(self._last[entry.key], entry.id, key=_place)
        self._quiet = not entries
        return entries

    def _pending(self, each: int) -> list[Entry]:
        names = [key for key, after in self._after.items() if after != _NEW]
        if not names:
            return []
        found: Any = self._client.xreadgroup(
            self._group, leases.HOST, {key: self._after[key] for key in names}, count=each
        )
        entries = self._entries(found)
        for key in names:
            ids = [entry.id for entry in entries if entry.key == key]
            self._after[key] = ids[-1] if ids else _NEW
        return entries

    def _new(self, each: int) -> list[Entry]:
        """New entries, unless others of their key are pending, which are older and come first.

        Between two batches nothing of ours is pending. What is, was read by an owner that did not know yet that it
        had lost the key. Only because both are asked in one step, no case is stored out of its order.
        """
        names = [key for key, after in self._after.items() if after == _NEW]
        if not names:
            return []
        pipe = self._client.pipeline(transaction=True)
        for key in names:
            pipe.xpending(key, self._group)
        pipe.xreadgroup(self._group, leases.HOST, dict.fromkeys(names, _NEW), count=each)
        *pending, found = pipe.execute()
        older = {key for key, summary in zip(names, pending, strict=True) if summary["pending"]}
        for key in older:
            self._claim(key)
        return [entry for entry in self._entries(found) if entry.key not in older]

    def _wait(self, timeout_s: float) -> None:
        """Until something is there, without taking it: what Redis hands to one that sleeps would be out of sight."""
        self._client.xread(dict[Any, Any](self._last), count=1, block=max(1, int(timeout_s * 1000)))

    def _entries(self, found: Any) -> list[Entry]:
        now = datetime.now(UTC)
        return [
            entry_of(self._topics.get(text(key), ""), text(key), text(id_), fields or {}, now)
            for key, entries in found or ()
            for id_, fields in entries
        ]

    def acknowledge(self, messages: Sequence[Entry]) -> None:
        """XACK."""
        ids: dict[str, list[str]] = defaultdict(list)
        for entry in messages:
            ids[entry.key].append(entry.id)
        with in_words():
            pipe = self._client.pipeline(transaction=False)
            for key, of_key in ids.items():
                pipe.xack(key, self._group, *of_key)
            pipe.execute()
        for key, of_key in ids.items():
            self._unacknowledged.get(key, set()).difference_update(of_key)

    def keep_alive(self, timeout_s: float) -> None:
        """Redis waits; only the leases need care, and they are kept in the database, which rests."""
        time.sleep(timeout_s)

    @property
    def settled(self) -> bool:
        """Whether the last read found nothing."""
        return self._quiet

    def close(self) -> None:
        """Hang up; the leases stay."""
        self._forget()
        self._client.close()

    def release(self) -> None:
        """Leave the keys to others."""
        for key in list(self._leases):
            self._let_go(key)
        self._member.leave()

    def _let_go(self, key: str) -> None:
        self._leases.pop(key).let_go()
        self._after.pop(key, None)
        self._last.pop(key, None)
        self._positions.let_go([key])

    def _forget(self) -> None:
        self._positions.let_go(list(self._after))
        self._after.clear()
        self._last.clear()

    def is_redelivery(self, message: Entry) -> bool:
        """Whether it was stored, and its acknowledgement lost."""
        return message.id in self._unacknowledged.get(message.key, ())

    def remember(self, messages: Sequence[Entry], without_id: Sequence[Entry]) -> None:
        """The entries that would not be known by an event id until they are acknowledged."""
        taken = {entry.key: set(self._unacknowledged.get(entry.key, ())) for entry in messages}
        for entry in without_id:
            taken[entry.key].add(entry.id)
        self._positions.write({key: sorted(ids) for key, ids in taken.items()})
        transaction.on_commit(lambda: self._unacknowledged.update(taken))

    def _backlog(self, key: str) -> int | None:
        """Entries not delivered yet and those not acknowledged; None where Redis cannot tell (trimmed, before 7.0)."""
        about = self._about(key)
        return None if about.get("lag") is None else int(about["lag"]) + int(about["pending"])

    def _about(self, key: str) -> dict[str, Any]:
        """What Redis tells of our group."""
        return next(group for group in self._client.xinfo_groups(key) if text(group["name"]) == self._group)


def _place(id_: str) -> tuple[int, ...]:
    """Milliseconds and number of an entry's id."""
    return tuple(int(part) for part in id_.split("-"))


def _partitions(stream: Stream) -> int:
    return int(stream.options.get("partitions", 1))


def entry_of(topic: str, key: str, id_: str, fields: dict[bytes, bytes], now: datetime) -> Entry:
    """An entry as Redis gives it. Uses up ``fields``."""
    below = fields.pop(b"topic", b"").decode(errors="replace")
    payload = fields.get(b"payload")
    if payload is None:  # bytes that are no text stay so, and are refused as any payload that is no UTF-8
        texts = {name.decode(errors="replace"): text.decode(errors="surrogateescape") for name, text in fields.items()}
        payload = json.dumps(texts, ensure_ascii=False).encode(errors="surrogateescape")
    return Entry(f"{topic}/{below}" if below else topic, payload, now, key, id_)
