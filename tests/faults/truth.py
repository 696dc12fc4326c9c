"""What was sent, event by event: a function of sender and number, so that the checker can tell it again."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

_BEGIN = datetime(2026, 1, 2, tzinfo=UTC)
CASES, STEPS = 40, 11


class Sent(NamedTuple):
    """One event as it must be in the table."""

    sender: str
    number: int
    case: str
    activity: str
    at: datetime
    check: str


def event(sender: str, number: int) -> Sent:
    """The event ``number`` of ``sender``. One of ten comes late: it tells a time before the last of its case."""
    at = _BEGIN + timedelta(seconds=number - (400 if number % 10 == 9 else 0), microseconds=number % 7)
    check = hashlib.blake2b(f"{sender} {number}".encode(), digest_size=8).hexdigest()
    return Sent(sender, number, f"{sender} {number % CASES}", f"step {number * 7 % STEPS}", at, check)


def attributes(sent: Sent) -> dict[str, Any]:
    """What travels beside case, activity and time."""
    return {"sender": sent.sender, "number": sent.number, "check": sent.check}
