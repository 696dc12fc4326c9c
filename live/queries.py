"""What the feed reads: versions and pictures of watched models, the health of their logs. Synchronous."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from models_mining.models import LogState, MinedModel
from models_mining.pictures import Picture
from models_mining.watching import watch
from streams.access import READ, Token, User, logs_of
from streams.health import of_stream
from streams.models import Event, EventLog, Stream


@dataclass(frozen=True)
class Visible:
    """A model that a user may see."""

    model: int
    log: int
    slug: str
    picture: Picture | None


def versions(models: Iterable[int]) -> dict[int, tuple[str, int]]:
    """Epoch and version of each model that still exists."""
    rows = MinedModel.objects.filter(pk__in=models).values_list("pk", "epoch", "version")
    return {pk: (epoch, version) for pk, epoch, version in rows}


def pictures(models: Iterable[int]) -> dict[int, Picture]:
    """The newest picture of each model that has one."""
    rows = MinedModel.objects.filter(pk__in=models).exclude(picture=None).values_list("pk", "picture")
    return {pk: picture for pk, picture in rows if picture is not None}


def default_model(log: EventLog) -> MinedModel | None:
    """The directly-follows graph over all cases that every log gets, else its oldest model."""
    models = MinedModel.objects.filter(log=log).order_by("pk")
    return models.filter(algorithm="dfg", cases="all").first() or models.first()


def visible(user: User, token: Token, log: str, model: int | None) -> Visible | None:
    """The model (None: the default one) of a log by slug, or None where there is none that ``user`` may see."""
    if token is not None and READ not in token.scopes:
        return None
    found = logs_of(user, token).filter(slug=log).first()
    if found is None:
        return None
    row = default_model(found) if model is None else MinedModel.objects.filter(log=found, pk=model).first()
    if row is None:
        return None
    watch([row.pk])
    return Visible(row.pk, found.pk, found.slug, row.picture)


def health(log: int) -> dict[str, Any] | None:
    """Where a log stands: ``stored`` in all, its last arrival, open cases, the streams that feed it; None if gone."""
    row = EventLog.objects.filter(pk=log).values("stored", "last_received_at").first()
    if row is None:
        return None
    received = row["last_received_at"]
    return {
        "stored": row["stored"],
        "last_received_at": received and received.isoformat(),
        "open_cases": LogState.objects.filter(log=log).values_list("open_cases", flat=True).first() or 0,
        "streams": [
            {
                "slug": stream.slug,
                "name": stream.name,
                "state": how.state,
                "last_error": how.last_error,
                "advice": how.advice,
                "rate_per_s": how.rate_per_s,
                "lag_s": how.lag_s,
                "backlog": how.backlog,
                "rejected": stream.rejected,
            }
            for stream in feeding(log)
            for how in (of_stream(stream),)
        ],
    }


def feeding(log: int) -> list[Stream]:
    """The streams of a log with their brokers: registered for it, or the origin of its newest events."""
    newest = Event.objects.filter(log=log).order_by("-seq")[:100].values_list("stream", flat=True)
    streams = Stream.objects.filter(archived_at=None).select_related("broker")
    return list(streams.filter(Q(log=log) | Q(opened_logs=log) | Q(pk__in=set(newest) - {None})).distinct())
