"""What a notification says only as it leaves, because nobody who reads the outbox may know it: the link of a sheet.

An app registers how notifications of a type are completed, in a module that it imports when it is ready. What is added
is in the message that is sent, and in no table.
"""

from collections.abc import Callable

from foundation.registry import Registry
from rules.models import Notification
from rules.notifiers.rendering import Item

Complete = Callable[[Item], Item]
"""Return a new item, or raise TooLateError."""

COMPLETED: Registry[Complete] = Registry("type of notification")
"""What completes notifications, by the type of their CloudEvent."""


class TooLateError(Exception):
    """It is not worth sending any more; the message says why."""


def item_of(row: Notification) -> Item:
    """The notification as it is sent; raises TooLateError."""
    item = Item(row.text, row.event)
    complete = COMPLETED.get(row.event.get("type", ""))
    return item if complete is None else complete(item)
