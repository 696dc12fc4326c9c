"""Brokers, streams and refused messages as JSON."""

from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from foundation.encryption import encrypt
from foundation.http.requests import CheckedSerializer
from streams.access.logs import seen_by
from streams.models import Broker, EventLog, Rejection, Republish, Stream
from streams.recording.health import of_broker, of_stream, reasons
from streams.setup.registration import COUNTS, save_stream

STATES = "stopped, connecting, connected, failed (tried again), stalled (not heard of since `state_since`)"
LAG = "How long the oldest message not yet committed has waited here; 0 where there is none."


class BrokerSerializer(CheckedSerializer):
    """The password is taken and never given; ``has_password`` tells whether there is one."""

    password = serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        max_length=1000,
        style={"input_type": "password"},
        help_text="Never answered. Changing host, port or TLS without a new one forgets the stored one.",
    )
    has_password = serializers.SerializerMethodField()
    state = serializers.CharField(read_only=True, help_text=STATES)
    advice = serializers.CharField(read_only=True, default="", help_text="What to do.")
    last_failure = serializers.CharField(read_only=True, help_text="The last one, also when all is well again.")
    lag_s = serializers.FloatField(read_only=True, help_text=LAG)
    backlog = serializers.IntegerField(
        read_only=True,
        allow_null=True,
        help_text="Messages that wait at the broker, where it tells: for us (Redis, Kafka), for anybody (mosquitto).",
    )

    class Meta:
        model = Broker
        fields = [
            *("id", "name", "kind", "host", "port", "tls", "ca", "username", "password", "has_password", "protocol"),
            *("database", "sasl", "state", "state_since", "last_error", "last_error_code", "advice", "last_failure"),
            *("last_failure_at", "reconnects", "lag_s", "backlog"),
        ]
        read_only_fields = ["state_since", "last_error", "last_error_code", "last_failure_at", "reconnects"]

    def to_representation(self, instance: Broker) -> dict[str, Any]:
        return super().to_representation(instance) | asdict(of_broker(instance))

    def get_has_password(self, broker: Broker) -> bool:
        return bool(broker.password)

    def validate_password(self, password: str) -> str:
        return encrypt(password)


class TestResultSerializer(serializers.Serializer[Any]):
    """Whether a broker can be reached and lets us in; else what is wrong, in words."""

    ok = serializers.BooleanField()
    problem = serializers.CharField(allow_null=True)


class CheckSerializer(serializers.Serializer[Any]):
    """How to check a broker."""

    quick = serializers.BooleanField(default=False, help_text="Only ask; publish nothing.")


class FindingSerializer(serializers.Serializer[Any]):
    """One thing that matters for losing nothing."""

    level = serializers.ChoiceField(["ok", "warning", "unknown"])
    about = serializers.CharField()
    detail = serializers.CharField()
    advice = serializers.CharField(help_text="What to do.")


class FindingsSerializer(serializers.Serializer[Any]):
    """What a check of a broker found; ``ok`` where there is no warning."""

    ok = serializers.BooleanField()
    findings = FindingSerializer(many=True)


class CountsSerializer(serializers.ModelSerializer[Stream]):
    """``received`` = ``stored`` + ``duplicates`` + ``rejected`` + ``ignored``, always.

    ``mended`` are those of the first two that were refused at first.
    """

    class Meta:
        model = Stream
        fields = COUNTS
        read_only_fields = COUNTS


class FedLog(serializers.SlugRelatedField[EventLog]):
    """A stream sends events: nobody sets one up into a log that takes none from him."""

    def get_queryset(self) -> "QuerySet[EventLog]":
        return seen_by(self.context["request"], "ingest")


class StreamSerializer(serializers.ModelSerializer[Stream]):
    """A subscription and the log its events go to (null: one log per process name)."""

    broker = serializers.PrimaryKeyRelatedField(queryset=Broker.objects.all())
    log = FedLog(slug_field="slug", queryset=EventLog.objects.all(), required=False, allow_null=True)
    counts = CountsSerializer(source="*", read_only=True)

    class Meta:
        model = Stream
        fields = [
            *("slug", "name", "broker", "topic", "qos", "format", "mapping", "options", "log", "enabled"),
            *("archived_at", "counts"),
        ]
        read_only_fields = ["archived_at"]
        extra_kwargs = {"mapping": {"initial": dict}, "options": {"initial": dict}}  # what an empty form shows

    def create(self, validated_data: dict[str, Any]) -> Stream:
        return self.update(Stream(), validated_data)

    def update(self, instance: Stream, validated_data: dict[str, Any]) -> Stream:
        return save_stream(instance, self.context["request"].user, **validated_data)


class SeenLog(serializers.SlugRelatedField[EventLog]):
    """Nobody sends on what they may not read."""

    def get_queryset(self) -> "QuerySet[EventLog]":
        return seen_by(self.context["request"])


class RepublishSerializer(CheckedSerializer):
    """A log that is sent on to a broker; ``seq`` is its last event that the broker has confirmed."""

    log = SeenLog(slug_field="slug", queryset=EventLog.objects.all())
    broker = serializers.PrimaryKeyRelatedField(queryset=Broker.objects.all())

    class Meta:
        model = Republish
        fields = ["id", "log", "broker", "topic", "partitions", "enabled", "seq", "last_error"]
        read_only_fields = ["seq", "last_error"]


class HealthSerializer(CountsSerializer):
    """How a stream is: its counters, and how its messages come."""

    rate_per_s = serializers.FloatField(read_only=True, help_text="Messages over the last minute.")
    lag_s = serializers.FloatField(read_only=True, help_text=LAG)
    backlog = serializers.IntegerField(read_only=True, allow_null=True, help_text="What waits at the broker.")
    backlog_note = serializers.CharField(read_only=True, help_text="What that stands for, or why it is null.")
    state = serializers.CharField(read_only=True, help_text=STATES)
    state_since = serializers.DateTimeField(read_only=True, allow_null=True)
    last_error = serializers.CharField(read_only=True)
    advice = serializers.CharField(read_only=True, help_text="What to do.")
    reasons = serializers.DictField(
        child=serializers.IntegerField(), read_only=True, help_text="Of the newest refused messages, by reason."
    )
    refused_kept = serializers.IntegerField(
        read_only=True, help_text="Refused and ignored messages of which there is a row; older ones are dropped."
    )

    class Meta(CountsSerializer.Meta):
        fields = [
            *COUNTS,
            *("rate_per_s", "lag_s", "backlog", "backlog_note", "state", "state_since", "last_error", "advice"),
            *("reasons", "refused_kept"),
        ]
        read_only_fields = fields

    def to_representation(self, instance: Stream) -> dict[str, Any]:
        counts = {name: getattr(instance, name) for name in COUNTS}
        kept = instance.rejections.filter(retried_at=None).count()
        return counts | asdict(of_stream(instance)) | {"reasons": reasons(instance), "refused_kept": kept}


class RejectionSerializer(serializers.ModelSerializer[Rejection]):
    """A refused message. The payload (its first 64 KiB) is shown as text; bytes that are none as ``\\xNN``."""

    payload = serializers.SerializerMethodField()

    class Meta:
        model = Rejection
        fields = ["id", "reason", "detail", "topic", "payload", "received_at", "retried_at"]
        read_only_fields = fields

    def get_payload(self, rejection: Rejection) -> str:
        return bytes(rejection.payload).decode(errors="backslashreplace")


class RetrySerializer(serializers.Serializer[Any]):
    """Which refused messages to try again; nothing given: all of them."""

    ids = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=1000, required=False)
    reason = serializers.CharField(max_length=50, required=False)
    after = serializers.IntegerField(min_value=0, required=False, help_text="Only those with a greater id.")


class RetriedSerializer(serializers.Serializer[Any]):
    """What became of one: an event (``seq`` null where its id was stored before), or refused again."""

    id = serializers.IntegerField()
    status = serializers.ChoiceField(["mended", "rejected"])
    seq = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()
    detail = serializers.CharField()


class RetriedManySerializer(serializers.Serializer[Any]):
    """What became of many."""

    mended = serializers.IntegerField()
    rejected = serializers.IntegerField()
    left = serializers.IntegerField()
    last = serializers.IntegerField()
    results = RetriedSerializer(many=True)
