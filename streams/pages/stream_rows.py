"""What the pages of streams say of brokers and streams: state in words, figures, where events go, what was refused."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from foundation.access import User, holds
from foundation.drawing.sparkline import Chart, chart
from streams.access.logs import logs_of, rejections_of
from streams.models import Broker, Event, EventLog, Rejection, Stream
from streams.pages.arrivals import minutes
from streams.pages.states import LOOKS
from streams.recording.health import BrokerHealth, StreamHealth, of_broker, of_stream
from streams.rejections.reasons import Reason, explain

EVENTS = 12  # newest ones shown
_NEWEST = 2000  # events of a log among which they are looked for


@dataclass(frozen=True)
class StreamRow:
    """A stream as somebody sees it: ``logs``, those it fills that he may see; ``into``, where its events go."""

    stream: Stream
    health: StreamHealth
    look: str
    words: str
    logs: list[EventLog]
    into: str
    refused: int | None  # in the last hour; None: not his to see


@dataclass(frozen=True)
class BrokerRow:
    """A broker with its streams."""

    broker: Broker
    health: BrokerHealth
    look: str
    words: str
    streams: list[StreamRow] = field(default_factory=list)


@dataclass(frozen=True)
class Group:
    """Messages refused for one reason."""

    reason: str
    why: Reason
    count: int


def broker_rows(user: User, *, archived: bool) -> list[BrokerRow]:
    """Every broker with its streams, of which archived ones are there (and alone) if asked for."""
    found = []
    streams = Stream.objects.filter(archived_at__isnull=not archived).select_related("broker", "log").order_by("name")
    by_broker: dict[int, list[StreamRow]] = {}
    for row in stream_rows(user, streams):
        by_broker.setdefault(row.stream.broker_id, []).append(row)
    brokers = Broker.objects.filter(pk__in=by_broker) if archived else Broker.objects.all()
    for broker in brokers.order_by("name"):
        health = of_broker(broker)
        look, words = LOOKS.get(health.state, ("off", health.state))
        found.append(BrokerRow(broker, health, look, words, by_broker.get(broker.pk, [])))
    return found


def stream_rows(user: User, streams: Iterable[Stream]) -> list[StreamRow]:
    """Streams as ``user`` sees them."""
    streams = list(streams)
    seen = logs_of(user)
    logs: dict[int, list[EventLog]] = {}
    for stream_id, log in _filled(seen, streams):
        logs.setdefault(stream_id, []).append(log)
    refused: Counter[int] | None = None
    if holds(user, "streams.view_rejection"):
        hour = timezone.now() - timedelta(hours=1)
        fresh = waiting(rejections_of(user).filter(stream__in=streams, received_at__gte=hour))
        refused = Counter(dict(fresh.order_by().values_list("stream").annotate(Count("pk"))))
    return [_stream_row(stream, logs.get(stream.pk, []), refused) for stream in streams]


def _stream_row(stream: Stream, logs: list[EventLog], refused: "Counter[int] | None") -> StreamRow:
    health = of_stream(stream)
    look, words = LOOKS.get(health.state, ("off", health.state))
    if stream.archived_at is not None:
        words = "archived"
    into = stream.log.slug if stream.log else "by process name"
    return StreamRow(stream, health, look, words, logs, into, None if refused is None else refused[stream.pk])


def _filled(seen: "QuerySet[EventLog]", streams: list[Stream]) -> Iterable[tuple[int, EventLog]]:
    """Each stream with the logs it fills: its own, those it has opened, those whose newest event it brought."""
    found: dict[tuple[int, int], EventLog] = {}
    keys = {stream.pk for stream in streams}
    by_name = {stream.pk for stream in streams if stream.log_id is None}
    newest = Event.objects.filter(log__in=seen, seq=F("log__next_seq") - 1, stream__in=by_name)
    last = dict(newest.values_list("log", "stream"))
    wanted = Q(streams__in=keys) | Q(opened_by__in=keys) | Q(pk__in=last)
    for log in seen.filter(wanted).distinct().order_by("name"):
        for stream in streams:
            if stream.log_id == log.pk or log.opened_by_id == stream.pk or last.get(log.pk) == stream.pk:
                found[stream.pk, log.pk] = log
    return [(stream_id, log) for (stream_id, _), log in found.items()]


def rate_chart(logs: list[EventLog]) -> Chart:
    """Events a minute into some logs, over the last hour."""
    counted = minutes(EventLog.objects.filter(pk__in=[log.pk for log in logs])).values()
    return chart([sum(column) for column in zip(*counted, strict=True)])


def newest_events(stream: Stream, logs: list[EventLog]) -> list[Event]:
    """The newest events it brought into some logs, as far as they are among the newest there."""
    found: list[Event] = []
    for log in logs:
        near = Event.objects.filter(log=log, seq__gte=log.next_seq - _NEWEST, stream=stream)
        found += near.select_related("log").order_by("-seq")[:EVENTS]
    return sorted(found, key=lambda event: event.received_at, reverse=True)[:EVENTS]


def waiting(rows: "QuerySet[Rejection]") -> "QuerySet[Rejection]":
    """Refused and not mended; what a convention passes over is no refusal."""
    return rows.filter(retried_at=None).exclude(reason="ignored")


def groups(rows: "QuerySet[Rejection]") -> list[Group]:
    """How many were refused for what, most first."""
    counts = rows.filter(retried_at=None).order_by().values_list("reason").annotate(number=Count("pk"))
    found = [Group(reason, explain(reason), count) for reason, count in counts]
    return sorted(found, key=lambda group: (group.reason == "ignored", -group.count, group.reason))
