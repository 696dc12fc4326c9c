"""Queries for mined models."""

from django.http import Http404
from rest_framework.request import Request

from models_mining.models import MinedModel
from streams.access.logs import seen_by
from streams.models import EventLog


def default_model(log: EventLog) -> MinedModel | None:
    """The directly-follows graph over all cases that every log gets, else its oldest model."""
    models = MinedModel.objects.filter(log=log).order_by("pk")
    return models.filter(algorithm="dfg", cases="all").first() or models.first()


def model_for(request: Request, pk: int, *, whole: bool = False) -> MinedModel:
    """Return the model ``pk``, if the one who asks may see its log; else raise Http404.

    ``whole``: with picture and definition, which are of the same moment as its numbers.
    """
    models = MinedModel.objects.filter(log__in=seen_by(request), pk=pk).select_related("log")
    model = (models if whole else models.defer("picture", "definition")).first()
    if model is None:
        raise Http404(f"There is no model {pk}.")
    return model
