"""What is recorded: events, what became of files and messages, what retention may delete."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from streams.models.broker import Broker
from streams.models.setup import EventLog, Stream


class Event(models.Model):
    """One event. Rows are only ever added: a trigger refuses UPDATE, and DELETE unless `Retired` covers it."""

    class AtSource(models.TextChoices):
        GIVEN = "given", "given"
        ARRIVAL = "arrival", "arrival"
        CLAMPED = "clamped", "clamped"

    log = models.ForeignKey(EventLog, on_delete=models.PROTECT, db_index=False)
    seq = models.PositiveBigIntegerField()
    stream = models.ForeignKey(Stream, null=True, on_delete=models.PROTECT, db_index=False)
    case = models.CharField(max_length=255)
    activity = models.CharField(max_length=255)
    at = models.DateTimeField()
    at_source = models.CharField(max_length=7, choices=AtSource, default=AtSource.GIVEN)
    received_at = models.DateTimeField()
    event_id = models.CharField(max_length=255, null=True)  # noqa: DJ001  unique where given
    attributes = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["log", "seq"], name="event_seq"),
            models.UniqueConstraint(fields=["log", "event_id"], name="event_id", condition=Q(event_id__isnull=False)),
        ]
        indexes = [models.Index(fields=["log", "case", "at", "seq"], name="event_case")]

    def __str__(self) -> str:
        return f"{self.case}: {self.activity}"


class Retired(models.Model):
    """What retention may delete: the events of a closed case up to ``last_seq``."""

    log = models.ForeignKey(EventLog, on_delete=models.CASCADE)
    case = models.CharField(max_length=255)
    last_seq = models.PositiveBigIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "case"], name="retired_case")]


class Delivered(models.Model):
    """The last messages taken from an MQTT session without an event id, to recognise a redelivery (P2).

    One row a batch: ``messages`` lists ``[mid, hash]``, ``upto`` is the number of deliveries of this client so far.
    """

    client = models.CharField(max_length=100)
    upto = models.PositiveBigIntegerField()
    messages = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["client", "upto"], name="delivered_client")]


class Position(models.Model):
    """How far a partition of a broker is stored: a key of Redis Streams, a partition of a Kafka topic.

    Written with each batch. Each new owner raises ``fence``, and every batch carries it. ``taken`` is what a
    redelivery is known by: Redis, the entries whose acknowledgement may be lost; Kafka, ``[offset, milliseconds]`` of
    the last record.
    """

    broker = models.ForeignKey(Broker, on_delete=models.CASCADE, related_name="positions", db_index=False)
    partition = models.CharField(max_length=1100)
    fence = models.PositiveBigIntegerField(default=0)
    taken = models.JSONField(default=list)
    backlog = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["broker", "partition"], name="position_partition")]

    def __str__(self) -> str:
        return self.partition


class Import(models.Model):
    """A file that was read into a log, or is being read: the first ``position`` of its events are dealt with.

    The position is committed with the events, so a run that was ended goes on where it was. ``digest`` names the
    content and the columns it was read by.
    """

    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, related_name="imports", db_index=False)
    name = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    position = models.PositiveBigIntegerField(default=0)
    stored = models.PositiveBigIntegerField(default=0)
    duplicates = models.PositiveBigIntegerField(default=0)
    rejected = models.PositiveBigIntegerField(default=0)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["log", "digest"], name="import_digest")]

    def __str__(self) -> str:
        return f"{self.name} into {self.log}"


class Rejection(models.Model):
    """What was received and refused, kept so that it can be mended: a message of a stream, or a row of a file.

    ``retried_at`` is when a retry made an event of it.
    """

    MAX_PAYLOAD: ClassVar[int] = 64 * 1024

    stream = models.ForeignKey(Stream, null=True, on_delete=models.CASCADE, related_name="rejections")
    imported = models.ForeignKey(Import, null=True, on_delete=models.CASCADE, related_name="rejections")
    received_at = models.DateTimeField()
    topic = models.TextField()  # or file and line
    payload = models.BinaryField()  # the first 64 KiB
    reason = models.CharField(max_length=50)
    detail = models.TextField()
    retried_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["stream", "reason"], name="rejection_reason")]

    def __str__(self) -> str:
        return f"{self.reason}: {self.topic}"


def plus(**counts: int) -> dict[str, Any]:
    """Keyword arguments of ``update()`` that add to counters: ``plus(stored=2)`` is ``stored=F("stored") + 2``."""
    return {name: F(name) + count for name, count in counts.items() if count}
