"""Changes to the setup: readers are told to look again."""

from functools import partial
from typing import Any

from django.db import models, transaction
from django.db.models.signals import post_delete, post_save

from foundation.processes import hints
from streams.models import Broker, EventLog, Republish, Stream


def tell(*senders: type[models.Model]) -> None:
    """From now on send the hint SETUP after each commit that adds, changes or removes such a row."""
    for sender in senders:
        name = f"setup of {sender.__name__}"
        post_save.connect(_changed, sender=sender, dispatch_uid=f"{name} saved")
        post_delete.connect(_changed, sender=sender, dispatch_uid=f"{name} deleted")


def _changed(sender: type[models.Model], update_fields: frozenset[str] | None = None, **_: Any) -> None:
    if update_fields is not None and not any(sender._meta.get_field(name).editable for name in update_fields):
        return  # counters and states; nobody set anything up
    transaction.on_commit(partial(hints.send, hints.SETUP))


tell(Broker, EventLog, Republish, Stream)
