"""What a Prometheus asks for: the counters that the tables hold, and what this web process answered."""

import time
from collections.abc import Callable, Iterator

from django.db.models import F
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from foundation.models import Lease
from models_mining.models import LogState
from streams.models import Broker, EventLog, Stream
from streams.recording.health import of_broker

SERIES = 500  # streams, and logs, that are told one by one: the busiest, and those heard of last
OUTCOMES = ("stored", "duplicates", "rejected", "ignored", "mended")
ROLES = {"broker:": "ingest", "log:": "mine", "work:": "work"}  # by the names of their leases


class Tables(Collector):
    """The installation as its tables tell it: the same from every web process."""

    def collect(self) -> Iterator[Metric]:
        """A few queries, none of which grows with the events."""
        yield from _streams()
        yield from _brokers()
        yield from _logs()
        yield from _leases()


def _streams() -> Iterator[Metric]:
    messages = CounterMetricFamily(
        "procmine_stream_messages", "Messages of a stream by what became of them.", labels=["stream", "outcome"]
    )
    received = CounterMetricFamily("procmine_stream_received", "Messages a stream was sent.", labels=["stream"])
    rows = Stream.objects.filter(archived_at=None).order_by("-received", "slug")
    for row in rows.values("slug", "received", *OUTCOMES)[:SERIES]:
        received.add_metric([row["slug"]], row["received"])
        for outcome in OUTCOMES:
            messages.add_metric([row["slug"], outcome], row[outcome])
    yield received
    yield messages


def _brokers() -> Iterator[Metric]:
    up = GaugeMetricFamily("procmine_broker_up", "1 while the broker's messages are taken.", labels=["broker"])
    lag = GaugeMetricFamily(
        "procmine_broker_lag_seconds", "How long messages wait here until they are committed.", labels=["broker"]
    )
    backlog = GaugeMetricFamily(
        "procmine_broker_backlog_messages", "What waits at the broker, where it tells.", labels=["broker"]
    )
    reconnects = CounterMetricFamily(
        "procmine_broker_reconnects", "Connections that had to be made anew.", labels=["broker"]
    )
    for broker in Broker.objects.order_by("name")[:SERIES]:
        health = of_broker(broker)
        up.add_metric([broker.name], float(health.state == "connected"))
        lag.add_metric([broker.name], health.lag_s)
        reconnects.add_metric([broker.name], broker.reconnects)
        if (waiting := broker.backlog) is not None:
            backlog.add_metric([broker.name], waiting)
    yield from (up, lag, backlog, reconnects)


def _logs() -> Iterator[Metric]:
    families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {
        "events": CounterMetricFamily("procmine_log_events", "Events stored in a log.", labels=["log"]),
        "behind": GaugeMetricFamily(
            "procmine_log_mining_lag_events",
            "Stored events that the rows of cases do not know yet (written at least every few seconds).",
            labels=["log"],
        ),
        "cases": GaugeMetricFamily("procmine_log_cases", "Cases of a log.", labels=["log"]),
        "open": GaugeMetricFamily("procmine_log_open_cases", "Cases that still run.", labels=["log"]),
        "heard": GaugeMetricFamily(
            "procmine_log_last_received_timestamp_seconds", "When the newest event arrived.", labels=["log"]
        ),
    }
    mined = {state.pk: state for state in LogState.objects.all()}
    for log in EventLog.objects.order_by(F("last_received_at").desc(nulls_last=True), "slug")[:SERIES]:
        state = mined.get(log.pk)
        families["events"].add_metric([log.slug], log.stored)
        families["behind"].add_metric([log.slug], log.next_seq - 1 - (state.seq if state else 0))
        families["cases"].add_metric([log.slug], state.cases if state else 0)
        families["open"].add_metric([log.slug], state.open_cases if state else 0)
        if log.last_received_at is not None:
            families["heard"].add_metric([log.slug], log.last_received_at.timestamp())
    yield from families.values()


def _leases() -> Iterator[Metric]:
    held = GaugeMetricFamily(
        "procmine_leases", "Brokers recorded (ingest), logs mined (mine) and worked on (work).", labels=["role"]
    )
    names = list(Lease.objects.filter(expires_at__gt=Now()).values_list("name", flat=True))
    for prefix, role in ROLES.items():
        held.add_metric([role], sum(name.startswith(prefix) for name in names))
    yield held


registry = CollectorRegistry()
registry.register(Tables())
ProcessCollector(registry=registry)
REQUESTS = Counter(
    "procmine_http_requests", "Requests this web process answered.", ["method", "status"], registry=registry
)
SECONDS = Histogram(
    "procmine_http_request_seconds",
    "How long the answers took.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=registry,
)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class CountRequests:
    """Counts what is answered, by method and class of status only: labels that no caller can multiply."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        SECONDS.observe(time.perf_counter() - began)
        method = request.method if request.method in _METHODS else "other"
        REQUESTS.labels(method, f"{response.status_code // 100}xx").inc()
        return response
