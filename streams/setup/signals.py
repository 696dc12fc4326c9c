"""Changes to the setup: readers are told to look again, and a broker that moved forgets its password."""

from functools import partial
from typing import Any

from django.db import models, transaction
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver

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


@receiver(pre_save, sender=Broker, dispatch_uid="a broker that moved")
def forget_password(instance: Broker, **_: Any) -> None:
    """A password is for one host, port and transport: it is never sent to another that somebody else may own."""
    before = Broker.objects.filter(pk=instance.pk).first()
    if before is None or instance.password != before.password:
        return
    if (before.host, before.port, before.tls) != (instance.host, instance.port, instance.tls):
        instance.password = ""


tell(Broker, EventLog, Republish, Stream)
