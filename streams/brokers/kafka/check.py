"""What Kafka will lose, as far as it tells: replication and configuration of the topics that we record."""

from collections.abc import Iterator
from typing import Any

from streams.brokers.base import BrokerError
from streams.brokers.findings import Finding, ok, unknown, warning
from streams.brokers.kafka.client import CONNECT_S, Errors, configuration, library, reach
from streams.models import Broker

SHORT_MS = 24 * 3600 * 1000  # of retention
SETTINGS = ("retention.ms", "cleanup.policy", "min.insync.replicas")


def check(broker: Broker) -> Iterator[Finding]:
    """Findings one by one; nothing is written."""
    errors = Errors()
    try:
        kafka = library()
        from confluent_kafka.admin import AdminClient  # an optional package, which is there by now

        client = AdminClient(configuration(broker, errors))
        reach(client, errors, CONNECT_S)
    except BrokerError as error:
        yield warning("connection", str(error), "Nothing more can be said before Kafka can be used.")
        return
    yield ok("connection", "Kafka lets us in.")
    for topic in sorted({stream.topic for stream in broker.streams.filter(enabled=True, archived_at=None)}):
        told = client.list_topics(topic, timeout=CONNECT_S).topics[topic]
        if told.error is not None:
            yield unknown("topic", f"{topic}: {told.error.str()}.")
            continue
        yield _replication(topic, told)
        yield from _settings(topic, _configured(kafka, client, topic))


def _replication(topic: str, told: Any) -> Finding:
    copies = min((len(partition.replicas) for partition in told.partitions.values()), default=0)
    words = f"{topic}: {len(told.partitions)} partitions, each on {copies} server{'s' if copies != 1 else ''}"
    if copies > 1:
        return ok("replication", f"{words}.")
    return warning("replication", f"{words}: what it holds is gone with it.", "Replicate the topic three times.")


def _configured(kafka: Any, client: Any, topic: str) -> dict[str, str] | str:
    from confluent_kafka.admin import ConfigResource, ResourceType

    [future] = client.describe_configs([ConfigResource(ResourceType.TOPIC, topic)], request_timeout=CONNECT_S).values()
    try:
        return {name: entry.value for name, entry in future.result(CONNECT_S).items() if name in SETTINGS}
    except (kafka.KafkaException, TimeoutError) as error:
        return str(error)


def _settings(topic: str, settings: dict[str, str] | str) -> Iterator[Finding]:
    if isinstance(settings, str) or "retention.ms" not in settings:
        yield unknown("retention", f"{topic}: how long records are kept is not told to us.", "Look for retention.ms.")
        return
    keeps_ms = int(settings["retention.ms"])
    if "compact" in settings.get("cleanup.policy", ""):
        yield warning(
            "retention",
            f"{topic} is compacted: of each key, that is of each case, only the newest record stays.",
            "Set cleanup.policy delete.",
        )
    elif 0 <= keeps_ms < SHORT_MS:
        yield warning(
            "retention",
            f"{topic} keeps records for {keeps_ms // 1000} s: a longer absence of ours loses them.",
            "Raise retention.ms to some days.",
        )
    else:
        days = "for ever" if keeps_ms < 0 else f"for {keeps_ms / 86_400_000:g} days"
        yield ok("retention", f"{topic} keeps records {days}.")
