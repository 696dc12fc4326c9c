"""What people set up: logs, streams, and where events are sent on to."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from foundation.models.registered import RegisteredRow
from streams.models.broker import Broker
from streams.models.memory_policy import check_memory
from streams.parsing import topics
from streams.parsing.options import MAX_PARTITIONS, check_kind, check_mapping, check_options


class EventLog(RegisteredRow):
    """A named, append-only list of events of one process."""

    slug = models.SlugField(max_length=100, unique=True)
    name = models.CharField(max_length=255, unique=True)
    end_activities = models.JSONField(
        default=list, blank=True, help_text="A case is closed at one of these activities."
    )
    idle_close_s = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(2**31 - 1)],  # 68 years; in microseconds it stays a number of 64 bits
        help_text="A case is closed when nothing came for it for so many seconds.",
    )
    memory = models.JSONField(
        default=dict,
        blank=True,
        help_text='Which cases the models stand for: {} all, {"cases": 1000} so many with the newest activity, '
        '{"last_s": 86400} those heard of within so many seconds of the newest event. All events stay recorded.',
    )
    opened_by = models.ForeignKey(
        "Stream", null=True, editable=False, on_delete=models.SET_NULL, related_name="opened_logs"
    )

    retention_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(36_525)],
        help_text="A closed case is deleted when nothing came for it for so many days; empty: never.",
    )

    next_seq = models.PositiveBigIntegerField(default=1, editable=False)
    stored = models.PositiveBigIntegerField(default=0, editable=False)
    first_at = models.DateTimeField(null=True, editable=False)
    last_at = models.DateTimeField(null=True, editable=False)
    last_received_at = models.DateTimeField(null=True, editable=False)
    retired_events = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)  # deleted by retention
    archived_at = models.DateTimeField(null=True, editable=False)  # since then it takes no events

    class Meta:
        ordering = ["slug"]
        permissions = [("ingest_eventlog", "Can send events to a log")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        ends = self.end_activities
        if not isinstance(ends, list) or not all(isinstance(name, str) and name for name in ends):
            raise ValidationError({"end_activities": 'Expected a list of activity names, as ["Pay", "Cancel"].'})
        check_memory(self.memory)


class Stream(RegisteredRow):
    """A registered subscription on a broker, and the rule that says into which log its events go."""

    class Format(models.TextChoices):
        MQTT_XES = "mqtt-xes", "MQTT-XES"
        JSON = "json", "JSON"
        CLOUDEVENTS = "cloudevents", "CloudEvents"

    slug = models.SlugField(max_length=100, unique=True)
    name = models.CharField(max_length=255)
    broker = models.ForeignKey(Broker, on_delete=models.PROTECT, related_name="streams")
    topic = models.CharField(
        max_length=1000,
        help_text="MQTT: the base, without /# (MQTT-XES), or a topic filter, + and # allowed. "
        "Redis: the key. Kafka: the topic.",
    )
    format = models.CharField(max_length=20, choices=Format, default=Format.MQTT_XES)
    mapping = models.JSONField(
        default=dict, blank=True, help_text='JSON pointers, as {"case": "/order/id"}; for JSON and CloudEvents.'
    )
    options = models.JSONField(
        default=dict,
        blank=True,
        help_text="escapes (none, percent, words), future and ancient (accept, refuse, clamp), oldest "
        "(2000-01-01), retained (false), time_zone (UTC), process, partitions (Redis: of the key)",
    )
    qos = models.PositiveSmallIntegerField("QoS", choices=[(0, "0"), (1, "1"), (2, "2")], default=1)
    log = models.ForeignKey(
        EventLog,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="streams",
        help_text="Empty: one log per process name (MQTT-XES).",
    )
    enabled = models.BooleanField(default=True)
    archived_at = models.DateTimeField(null=True, editable=False)

    received = models.PositiveBigIntegerField(default=0, editable=False)
    stored = models.PositiveBigIntegerField(default=0, editable=False)
    duplicates = models.PositiveBigIntegerField(default=0, editable=False)
    rejected = models.PositiveBigIntegerField(default=0, editable=False)
    ignored = models.PositiveBigIntegerField(default=0, editable=False)
    mended = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name

    @property
    def filter(self) -> str:
        """The topics of its messages: what to subscribe to (MQTT), or all below the name of the Redis key or topic."""
        if self.broker.kind != Broker.Kind.MQTT:
            return f"{self.topic}/#"
        if self.format == self.Format.MQTT_XES:
            return topics.xes_filter(self.topic, self.options.get("process", ""))
        return self.topic

    def clean(self) -> None:
        check_mapping(self.format, self.mapping)
        check_options(self.format, self.options)
        if not hasattr(self, "broker"):
            return  # said at its field
        check_kind(self.broker.kind, self.options)
        try:
            topics.check_name(self.broker.kind, self.topic)
            topics.check_filter(self.filter)
        except topics.TopicError as error:
            raise ValidationError({"topic": str(error)}) from error
        if self.format != self.Format.MQTT_XES and self.log is None and "process" not in self.mapping:
            raise ValidationError({"log": "This format needs a log, or a pointer to the process name."})
        if self.enabled and self.log is not None and self.log.archived_at is not None:
            raise ValidationError({"log": f"The log {self.log.slug} is archived: it takes no events."})
        if self.enabled and self.archived_at is not None:
            raise ValidationError({"enabled": "This stream is archived: register a new one."})
        if self.enabled:
            self._refuse_overlap()

    def _refuse_overlap(self) -> None:
        """Each message belongs to exactly one stream of its broker, so that no event is counted twice."""
        others = Stream.objects.filter(broker=self.broker_id, enabled=True, archived_at=None)
        for other in others.exclude(pk=self.pk):
            if topics.overlap(self.filter, other.filter):
                raise ValidationError(
                    {"topic": f"{self.filter} overlaps {other.filter} of stream {other.slug} on this broker."}
                )


class Republish(RegisteredRow):
    """A log whose events are sent on to a broker, each at least once: the events table is the outbox.

    ``seq`` is the last event that the broker has confirmed.
    """

    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, related_name="republished", db_index=False)
    broker = models.ForeignKey(Broker, on_delete=models.PROTECT, related_name="republished")
    topic = models.CharField(max_length=1000, help_text="MQTT: the topic. Redis: the key. Kafka: the topic.")
    partitions = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_PARTITIONS)],
        help_text="Redis: keys among which the cases are divided.",
    )
    enabled = models.BooleanField(default=True)

    seq = models.PositiveBigIntegerField(default=0, editable=False)
    last_error = models.TextField(blank=True, editable=False)

    class Meta:
        verbose_name_plural = "republished logs"
        ordering = ["log", "pk"]
        constraints = [models.UniqueConstraint(fields=["log", "broker", "topic"], name="republish_topic")]

    def __str__(self) -> str:
        return f"{self.log} to {self.topic}"

    def clean(self) -> None:
        if not (hasattr(self, "broker") and hasattr(self, "log")):
            return  # said at their fields
        try:
            topics.check_name(self.broker.kind, self.topic)
            topics.check_topic(self.topic)
        except topics.TopicError as error:
            raise ValidationError({"topic": str(error)}) from error
        for stream in self.broker.streams.filter(enabled=True, log=self.log_id):
            if topics.matches(stream.filter, self.topic):
                raise ValidationError({"topic": f"Stream {stream.slug} records it into this log: it would go round."})
