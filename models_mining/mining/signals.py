"""Every log has a model from its first moment on: the directly-follows graph over all its cases."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from models_mining.models import Analysis, MinedModel, ReferenceModel
from streams.models import EventLog
from streams.setup.signals import tell


@receiver(post_save, sender=EventLog, dispatch_uid="a log's first model")
def add_first_model(instance: EventLog, created: bool, raw: bool, **_: Any) -> None:
    """Whoever opened the log: a person, or ingestion by a process name."""
    if created and not raw:
        MinedModel.objects.create(log=instance, algorithm="dfg")


tell(Analysis, MinedModel, ReferenceModel)
