"""Queries for mined models."""

from models_mining.models import MinedModel
from streams.models import EventLog


def default_model(log: EventLog) -> MinedModel | None:
    """The directly-follows graph over all cases that every log gets, else its oldest model."""
    models = MinedModel.objects.filter(log=log).order_by("pk")
    return models.filter(algorithm="dfg", cases="all").first() or models.first()
