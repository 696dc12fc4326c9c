"""What the feed reads: versions and pictures of watched models, events and health of their logs. Synchronous."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from foundation.access import READ, Token, User, holds, limited
from models_mining.mined_models.pictures import Picture
from models_mining.mined_models.queries import default_model
from models_mining.mined_models.watching import watch
from models_mining.models import LogState, MinedModel
from rules.models import RuleMatch
from streams.access.logs import logs_of
from streams.models import Event, EventLog, Rejection
from streams.recording.health import feeding, of_stream

_MATCH = (
    *("id", "rule", "rule_version", "severity", "case", "seq", "activity", "at", "matched_at", "reason"),
    "acknowledged_at",
)
_EVENT = ("seq", "case", "activity", "at", "at_source", "received_at", "attributes")


@dataclass(frozen=True)
class Visible:
    """A log that a user may see, and a model of it, if there is one."""

    model: int | None
    log: int
    slug: str
    picture: Picture | None
    rejections: bool  # those of its streams may be seen, too


def versions(models: Iterable[int]) -> dict[int, tuple[str, int]]:
    """Epoch and version of each model that still exists."""
    rows = MinedModel.objects.filter(pk__in=models).values_list("pk", "epoch", "version")
    return {pk: (epoch, version) for pk, epoch, version in rows}


def pictures(models: Iterable[int]) -> dict[int, Picture]:
    """The newest picture of each model that has one."""
    rows = MinedModel.objects.filter(pk__in=models).exclude(picture=None)
    return {pk: orjson.loads(text) for pk, text in rows.values_list("pk", Cast("picture", TextField()))}


def logs(keys: Iterable[int]) -> dict[int, tuple[str, int]]:
    """Slug and number of the newest event of each log that still exists."""
    rows = EventLog.objects.filter(pk__in=keys).values_list("pk", "slug", "next_seq")
    return {pk: (slug, next_seq - 1) for pk, slug, next_seq in rows}


def events(log: int, after: int, upto: int) -> list[tuple[int, dict[str, Any]]]:
    """Events by number, as REST answers them."""
    rows = Event.objects.filter(log=log, seq__gt=after, seq__lte=upto).order_by("seq")
    found = rows.values(*_EVENT, "event_id", "stream__slug")
    return [(row["seq"], _renamed(row, id="event_id", stream="stream__slug")) for row in found]


def _renamed(row: Any, **names: str) -> dict[str, Any]:
    """A row of values with some members under other names."""
    new = {name: row[old] for name, old in names.items()}
    return new | {name: value for name, value in row.items() if name not in names.values()}


def rejections(log: int, after: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
    """How many messages and rows of files were refused beyond the id ``after``; the newest of them, oldest first."""
    rows = Rejection.objects.filter(Q(stream__in=feeding(log)) | Q(imported__log=log), pk__gt=after)
    found = rows.order_by("-pk").values("id", "reason", "detail", "topic", "received_at", "stream__slug")
    newest = [_renamed(row, stream="stream__slug") for row in found[:limit]][::-1]
    return (rows.count() if len(newest) == limit else len(newest)), newest


def matches(log: int, after: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
    """How many times rules of the log matched beyond the id ``after``; the newest matches, oldest first."""
    rows = RuleMatch.objects.filter(log=log, pk__gt=after)
    found = rows.order_by("-pk").values(*_MATCH, "rule__name")
    newest = [_renamed(row, rule_name="rule__name") for row in found[:limit]][::-1]
    return (rows.count() if len(newest) == limit else len(newest)), newest


def may_see(user: User, token: Token) -> tuple[set[int], bool]:
    """The logs that may be seen, and whether what was refused may be: a stream may be one into many logs."""
    if token is not None and READ not in token.scopes:
        return set(), False
    streams_too = not limited(token) and all(holds(user, f"streams.view_{what}") for what in ("stream", "eventlog"))
    return set(logs_of(user, token).values_list("pk", flat=True)), streams_too


def visible(user: User, token: Token, slug: str, model: int | None) -> Visible | None:
    """A log by slug and a model of it (None: the default one); None where there is none that ``user`` may see."""
    seen, streams_too = may_see(user, token)
    found = EventLog.objects.filter(slug=slug, pk__in=seen).first()
    if found is None:
        return None
    row = default_model(found) if model is None else MinedModel.objects.filter(log=found, pk=model).first()
    if row is None:
        return None if model is not None else Visible(None, found.pk, found.slug, None, streams_too)
    watch([row.pk])
    return Visible(row.pk, found.pk, found.slug, row.picture, streams_too)


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
