"""Recognising redeliveries of messages that carry no event id (promise P2).

After a resumed session mosquitto delivers again, with the same packet id and DUP=1, what it saw no acknowledgement
for; that may be a message we stored. It sets DUP=1 also on messages we never read, so the packet id alone says
nothing: topic and payload must be those that were stored under it.
"""

from collections.abc import Iterable
from functools import partial
from hashlib import blake2b

from django.conf import settings
from django.db import transaction

from streams.brokers.mqtt import MqttMessage
from streams.models import Delivered


def fingerprint(message: MqttMessage) -> str:
    """A hash of topic and payload."""
    digest = blake2b(message.topic.encode(), digest_size=8)
    digest.update(b"\0")
    digest.update(message.payload)
    return digest.hexdigest()


class Deliveries:
    """What one client has taken of late: packet id → hash, written with each batch.

    A remembered delivery is recognised once in a connection (its acknowledgement may be lost once more, then it
    comes again in the next), overwritten by a new message with its packet id, and forgotten after as many deliveries
    as can be under way, and when the broker had no session for us.
    """

    def __init__(self, client: str) -> None:
        self.client = client
        self._count = 0
        self._forgotten_at = 0
        self._known: dict[int, str] = {}  # what may come again in this connection

    def begin(self, *, session_present: bool) -> None:
        """A new connection: read what the last ones took."""
        rows = Delivered.objects.filter(client=self.client).order_by("upto")
        if not session_present:
            rows.delete()
        newest = rows.last()
        self._count = self._forgotten_at = newest.upto if newest else 0
        self._known = {}
        for row in rows.filter(upto__gte=self._count - settings.INGEST_RECEIVE_MAXIMUM):
            self._known.update(row.messages)

    def is_redelivery(self, message: MqttMessage) -> bool:
        """Whether this is the redelivery of a stored message; says so once in a connection."""
        known = self._known.pop(message.mid, None) if message.qos and self._known else None
        return known is not None and message.dup and known == fingerprint(message)

    def remember(self, deliveries: int, messages: Iterable[MqttMessage]) -> None:
        """Write a batch of so many deliveries, of which ``messages`` have no id; call it in the batch's transaction."""
        count = self._count + deliveries
        taken = [(message.mid, fingerprint(message)) for message in messages if message.qos]
        if taken:
            Delivered.objects.create(client=self.client, upto=count, messages=taken)
        reach = settings.INGEST_RECEIVE_MAXIMUM
        forget = count - self._forgotten_at >= reach
        if forget:
            Delivered.objects.filter(client=self.client, upto__lt=count - reach).delete()
        transaction.on_commit(partial(self._advance, count, count if forget else self._forgotten_at))

    def _advance(self, count: int, forgotten_at: int) -> None:
        self._count = count
        self._forgotten_at = forgotten_at
