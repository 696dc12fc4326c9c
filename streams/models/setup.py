"""What people set up: brokers, logs, streams, and where events are sent on to."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from streams import addresses, topics
from streams.encryption import EncryptedTextField, decrypt
from streams.memory import check_memory
from streams.models.lease import Lease
from streams.options import MAX_PARTITIONS, check_kind, check_mapping, check_options


class SetUp(models.Model):
    """What people set up and processes count on: ``save()`` of a row that exists writes only what people may edit.

    So a form that was read before a batch was stored does not take the counters back to what they were then.
    """

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        if not (args or options.get("update_fields") or options.get("force_insert") or self._state.adding):
            options["update_fields"] = [
                field.name for field in self._meta.concrete_fields if field.editable and not field.primary_key
            ]
        super().save(*args, **options)


class Broker(SetUp):
    """A connection to an MQTT server, to Redis or to Kafka."""

    class Kind(models.TextChoices):
        MQTT = "mqtt", "MQTT"
        REDIS = "redis", "Redis Streams"
        KAFKA = "kafka", "Kafka"

    class State(models.TextChoices):
        STOPPED = "stopped", "stopped"  # nobody asks for it: no enabled stream, or no ingester runs
        CONNECTING = "connecting", "connecting"
        CONNECTED = "connected", "connected"
        FAILED = "failed", "failed"  # will be tried again; `last_error` says why

    class Protocol(models.TextChoices):
        V311 = "3.1.1", "MQTT 3.1.1"
        V5 = "5", "MQTT 5"

    class Sasl(models.TextChoices):
        PLAIN = "PLAIN", "PLAIN"
        SCRAM_256 = "SCRAM-SHA-256", "SCRAM-SHA-256"
        SCRAM_512 = "SCRAM-SHA-512", "SCRAM-SHA-512"

    CONNECTION: ClassVar = ["kind", "host", "port", "tls", "ca", "username", "password", "protocol", "database", "sasl"]

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.MQTT)
    host = models.CharField(max_length=255)
    port = models.PositiveIntegerField(default=1883, validators=[MinValueValidator(1), MaxValueValidator(65535)])
    tls = models.BooleanField("TLS", default=False)
    ca = models.TextField("CA certificate", blank=True, help_text="PEM; empty: the authorities this machine trusts")
    username = models.CharField(max_length=255, blank=True)
    password = EncryptedTextField(blank=True)
    protocol = models.CharField(max_length=5, choices=Protocol, default=Protocol.V311, help_text="of MQTT")
    database = models.PositiveSmallIntegerField(default=0, help_text="Redis: its number")
    sasl = models.CharField(
        "SASL", max_length=20, choices=Sasl, default=Sasl.PLAIN, help_text="Kafka: how user name and password are shown"
    )

    state = models.CharField(max_length=10, choices=State, default=State.STOPPED, editable=False)
    state_since = models.DateTimeField(null=True, editable=False)
    last_error = models.TextField(blank=True, editable=False)
    subscribed = models.JSONField(default=dict, editable=False)  # filter → QoS: what our session there asks for
    reconnects = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    last_failure = models.TextField(default="", db_default="", editable=False)  # stays when all is well again
    last_failure_at = models.DateTimeField(null=True, editable=False)
    seen_at = models.DateTimeField(null=True, editable=False)  # when whoever takes the messages last could say so
    lag_s = models.FloatField(default=0.0, db_default=0.0, editable=False)
    rates = models.JSONField(null=True, editable=False)  # stream → messages a second over the last minute
    waiting = models.PositiveBigIntegerField(null=True, editable=False)  # MQTT: what the broker holds for everybody

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if refused := addresses.refused_host(self.host):
            raise ValidationError({"host": refused})
        before = Broker.objects.filter(pk=self.pk).values_list("kind", flat=True).first()
        if before not in (None, self.kind) and self.streams.exists():
            raise ValidationError({"kind": "Streams belong to this broker: register another one for another kind."})

    @property
    def connection(self) -> tuple[object, ...]:
        """How one connects to it: a change asks for a new connection."""
        return tuple(getattr(self, name) for name in self.CONNECTION)

    @property
    def secret(self) -> str:
        """The password itself; raises SecretUnreadableError where the key has changed."""
        return decrypt(self.password)

    @property
    def lease(self) -> str:
        """The name of the lease of whoever takes this broker's messages."""
        return f"broker:{self.pk}"

    @property
    def taken(self) -> bool:
        """Whether some process takes the messages: the only one (MQTT), or one of those that share them."""
        names = Q(name=self.lease) | Q(name__startswith=f"{self.lease}/")
        return Lease.objects.filter(names, expires_at__gt=Now()).exists()

    @property
    def backlog(self) -> int | None:
        """How many messages wait at the broker, where it tells: for us (Redis, Kafka), or for anybody (mosquitto)."""
        if self.kind == self.Kind.MQTT:
            return self.waiting
        waiting: int | None = self.positions.aggregate(waiting=models.Sum("backlog"))["waiting"]
        return waiting


class EventLog(SetUp):
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


class Stream(SetUp):
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


class Republish(SetUp):
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
