"""Who looks at a model says so, and it is derived as long as somebody does."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from foundation.processes import hints
from models_mining.mined_models.picture_publisher import FIRST
from models_mining.models import MinedModel

WATCHED_S = 20  # a watcher says so every few seconds; it is derived for that long


def watch(models: Iterable[int]) -> None:
    """Tell the miner or worker that somebody looks at these models; at once, where nobody did before."""
    now = timezone.now()
    rows = MinedModel.objects.filter(pk__in=models)
    unwatched = rows.filter(Q(watched_until=None) | Q(watched_until__lt=now)).values_list("pk", flat=True)
    begun = list(unwatched)
    rows.update(watched_until=now + timedelta(seconds=WATCHED_S))
    for model in begun:
        hints.send(hints.WATCH, model)


def ask_for(model: MinedModel) -> None:
    """Somebody asks for the newest picture: if it is behind its log, it will be there within one derivation.

    The graph that every log has is painted for nobody too, often enough for whoever polls.
    """
    if model.seq >= model.log.next_seq - 1 or (model.algorithm == FIRST and model.home == "mine"):
        return
    if model.watched_until is None or model.watched_until < timezone.now() + timedelta(seconds=WATCHED_S / 2):
        watch([model.pk])
