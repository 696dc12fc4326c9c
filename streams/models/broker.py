"""Connections to brokers."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from foundation.encryption import EncryptedTextField, decrypt
from foundation.errors import DomainError
from foundation.http import addresses
from foundation.models.leases import Lease
from foundation.models.registered import RegisteredRow


class BrokerInUseError(DomainError):
    """Something belongs to the broker that is to be deleted."""

    code, text = "broker-in-use", "{why}"


class Broker(RegisteredRow):
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
    last_error_code = models.CharField(max_length=20, blank=True, editable=False)  # a `streams.brokers.faults.Fault`
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

    def save(self, *args: Any, **options: Any) -> None:
        """Store it. A broker that moved forgets its password, which is for one place: another server would get it."""
        before = Broker.objects.filter(pk=self.pk).first()
        if before is not None and self.password == before.password and self.place != before.place:
            self.password = ""
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Delete a broker to which nothing belongs; raises BrokerInUseError."""
        if self.streams.exists():
            raise BrokerInUseError(
                why="Streams belong to this broker, perhaps archived ones: their events tell where they are from."
            )
        if self.republished.exists():
            raise BrokerInUseError(why="Logs are sent on to this broker: end that first.")
        return super().delete(*args, **options)

    @property
    def place(self) -> tuple[object, ...]:
        """Where it is, and by which transport."""
        return self.host, self.port, self.tls

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
