"""Messages that were heard, carried from step to step in a form, signed so that nobody puts others in their place."""

import base64
from collections.abc import Sequence

from django.core import signing
from django.utils.dateparse import parse_datetime

from streams.brokers.listening import Heard

_SALT = "procmine.heard"


def packed(messages: Sequence[Heard], broker: int) -> str:
    """Text for a hidden field."""
    rows = [
        [one.topic, base64.b64encode(one.payload).decode(), one.received_at.isoformat(), one.retain] for one in messages
    ]
    return signing.dumps([broker, rows], salt=_SALT, compress=True)


def unpacked(text: str, broker: int) -> list[Heard]:
    """What was packed for this broker; nothing of any other text."""
    try:
        of, rows = signing.loads(text, salt=_SALT)
    except signing.BadSignature:
        return []
    if of != broker:
        return []
    found = []
    for topic, payload, moment, retain in rows:
        received_at = parse_datetime(moment)
        if received_at is not None:
            found.append(Heard(topic, base64.b64decode(payload), received_at, retain))
    return found
