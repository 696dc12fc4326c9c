"""How a broker and a stream are: the state now, since when, what is wrong, and what to do about it."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.conf import settings
from django.db.models import Q, Sum
from django.db.models.functions import Now
from django.utils import timezone

from streams.brokers.faults import advice_on
from streams.models import Broker, Event, Stream

STALLED = "stalled"  # never written: whoever took the messages has not been heard of
STALLED_AFTER_S = 10.0  # of silence; see `streams.recording.pulse`
NEWEST = 1000  # refused messages whose reasons are counted
WAITING = 1000  # messages from which on a backlog is worth a word

State = Literal["stopped", "connecting", "connected", "failed", "stalled"]


@dataclass(frozen=True, slots=True)
class BrokerHealth:
    """How a broker's connection is. ``lag_s``: how long the oldest message not yet committed has waited here."""

    state: State
    state_since: datetime | None
    last_error: str
    advice: str
    lag_s: float


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """How a stream is. ``backlog`` is None where the broker does not tell."""

    state: State
    state_since: datetime | None
    last_error: str
    advice: str
    rate_per_s: float
    lag_s: float
    backlog: int | None
    backlog_note: str


def of_broker(broker: Broker) -> BrokerHealth:
    """Read of the row, which a process that can write no more leaves as it was: its silence tells."""
    state: State = broker.state  # type: ignore[assignment]  # its choices
    if state == "stopped":
        return BrokerHealth(state, broker.state_since, broker.last_error, _why_stopped(broker), 0.0)
    if not _heard_of(broker):
        silent_s = max(0.0, (timezone.now() - broker.seen_at).total_seconds()) if broker.seen_at else 0.0
        error = broker.last_error or "Whoever takes the messages has not been heard of."
        advice = (
            "See whether ingest runs, and whether the database takes what it writes (locks, disk). "
            "Messages wait at the broker, up to its limits."
        )
        return BrokerHealth("stalled", broker.seen_at or broker.state_since, error, advice, round(silent_s, 1))
    advice = advice_on(broker.last_error_code)
    return BrokerHealth(state, broker.state_since, broker.last_error, advice, broker.lag_s)


def of_stream(stream: Stream) -> StreamHealth:
    """The health of its broker, and what concerns this stream alone."""
    broker = of_broker(stream.broker)
    backlog = _backlog(stream)
    if not stream.enabled:
        advice = "It is switched off." if stream.archived_at is None else "It is archived: register a new one."
        return StreamHealth("stopped", None, "", advice, 0.0, 0.0, backlog, _note(stream, backlog))
    advice = broker.advice
    if broker.state == "connected":
        if not advice and stream.rejected:
            refused = f"{stream.rejected} message{'s' if stream.rejected > 1 else ''} refused"
            advice = f"{refused}: see why, mend mapping or options, then retry them."
        elif not advice and (backlog or 0) > WAITING:
            advice = "Much waits at the broker. If it grows, more comes than is stored: see docs/scaling.md."
    rates = (stream.broker.rates or {}) if broker.state == "connected" else {}
    return StreamHealth(
        broker.state,
        broker.state_since,
        broker.last_error,
        advice,
        rates.get(str(stream.pk), 0.0),
        broker.lag_s,
        backlog,
        _note(stream, backlog),
    )


def reasons(stream: Stream) -> dict[str, int]:
    """How many of its newest refused messages, not mended yet, were refused for what, most first."""
    newest = stream.rejections.filter(retried_at=None).values_list("reason", flat=True)[:NEWEST]
    return dict(Counter(newest).most_common())


def _heard_of(broker: Broker) -> bool:
    """By the database's clock. After that clock jumped, only the next heartbeat counts."""
    late = timedelta(seconds=STALLED_AFTER_S)
    return Broker.objects.filter(pk=broker.pk, seen_at__gt=Now() - late, seen_at__lt=Now() + late).exists()


def _why_stopped(broker: Broker) -> str:
    if not broker.streams.filter(enabled=True, archived_at=None).exists():
        return "No stream that is switched on asks for it."
    return f"No process records it: start {settings.COMMAND} ingest (serve runs one)."


def _backlog(stream: Stream) -> int | None:
    broker = stream.broker
    match broker.kind:
        case Broker.Kind.MQTT:
            return broker.waiting
        case Broker.Kind.REDIS:
            partitions = int(stream.options.get("partitions", 1))
            names = [stream.topic] if partitions == 1 else [f"{stream.topic}:{number}" for number in range(partitions)]
            rows = broker.positions.filter(partition__in=names)
        case _:
            rows = broker.positions.filter(partition__regex=rf"^{re.escape(stream.topic)}:[0-9]+$")
    found: int | None = rows.aggregate(waiting=Sum("backlog"))["waiting"]
    return found


def _note(stream: Stream, backlog: int | None) -> str:
    if stream.broker.kind == Broker.Kind.MQTT:
        if backlog is None:
            return "MQTT does not tell what waits, and this broker has no $SYS topics for us."
        return "What this broker holds for all its clients together."
    return "" if backlog is not None else "Not told yet."


def feeding(log: int) -> list[Stream]:
    """The streams of a log with their brokers: registered for it, or the origin of its newest events."""
    newest = Event.objects.filter(log=log).order_by("-seq")[:100].values_list("stream", flat=True)
    streams = Stream.objects.filter(archived_at=None).select_related("broker")
    return list(streams.filter(Q(log=log) | Q(opened_logs=log) | Q(pk__in=set(newest) - {None})).distinct())
