"""Cases, variants, activities and statistics of a log as JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from models_mining.mined_models.serializers import EventSerializer
from models_mining.models import Case


class PositionSerializer(serializers.Serializer[Case]):
    """Where a case stands: its last activity, and the number of it in the pictures of its log."""

    node = serializers.IntegerField()
    activity = serializers.CharField()


class CaseSerializer(serializers.ModelSerializer[Case]):
    """A case as of the mining."""

    variant = serializers.CharField(
        help_text='Names its sequence of activities, see `variants/`; "": it has outgrown the prefix tree.'
    )
    events = serializers.IntegerField(source="length", help_text="How many it has.")
    duration_s = serializers.SerializerMethodField(help_text="From its first event to its last.")
    state = serializers.SerializerMethodField()
    position = PositionSerializer(source="*")
    deviations = serializers.IntegerField(
        allow_null=True, help_text="From the active reference model, see `conformance/`; null: none, or not judged yet."
    )
    attributes = serializers.DictField(help_text="Of the case itself, as its trace told; the last value wins.")

    class Meta:
        model = Case
        fields = [
            *("case", "variant", "events", "started_at", "last_at", "duration_s", "state", "closed_at"),
            *("position", "deviations", "attributes"),
        ]
        read_only_fields = fields

    def get_duration_s(self, case: Case) -> float:
        return (case.last_at - case.started_at).total_seconds()

    @extend_schema_field(serializers.ChoiceField(["open", "closed"]))
    def get_state(self, case: Case) -> str:
        return "open" if case.closed_at is None else "closed"


class CaseDetailSerializer(CaseSerializer):
    """A case with its events."""

    trace = EventSerializer(many=True, help_text="Its first 1,000 events, by `at` and `seq`.")
    trace_omitted = serializers.IntegerField(help_text="How many more there are: `events/?case=` has all.")

    class Meta(CaseSerializer.Meta):
        fields = [*CaseSerializer.Meta.fields, "trace", "trace_omitted"]
        read_only_fields = fields


class TimesSerializer(serializers.Serializer[Any]):
    """Median and 95th percentile are values that occurred (nearest rank), of the newest 20,000 at most."""

    mean_s = serializers.FloatField(allow_null=True)
    median_s = serializers.FloatField(allow_null=True)
    p95_s = serializers.FloatField(allow_null=True)


class VariantSerializer(TimesSerializer):
    """A sequence of activities that cases have, and how long these took."""

    variant = serializers.CharField()
    activities = serializers.ListField(child=serializers.CharField())
    events = serializers.IntegerField()
    cases = serializers.IntegerField()
    open_cases = serializers.IntegerField()
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()


class VariantsSerializer(serializers.Serializer[Any]):
    """A page of variants."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = VariantSerializer(many=True)
    cases = serializers.IntegerField(help_text="All of the log, as of the mining.")
    beyond = serializers.IntegerField(help_text="Those among them whose variant is not known.")


class ActivitySerializer(TimesSerializer):
    """An activity: how often, how many cases begin, end and stand with it, and the time since the event before."""

    node = serializers.IntegerField()
    activity = serializers.CharField()
    events = serializers.IntegerField()
    starts = serializers.IntegerField()
    ends = serializers.IntegerField()
    open = serializers.IntegerField(help_text="Running cases among the ends.")
    longest_s = serializers.FloatField(allow_null=True, help_text="The longest of these times.")


class ActivitiesSerializer(serializers.Serializer[Any]):
    """All activities of a log, the most frequent first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ActivitySerializer(many=True)
    seq = serializers.IntegerField(help_text="The event up to which they are counted.")


class MinuteSerializer(serializers.Serializer[Any]):
    """Throughput of a minute, by arrival."""

    minute = serializers.DateTimeField()
    events = serializers.IntegerField()
    started = serializers.IntegerField(help_text="Cases that began.")
    closed = serializers.IntegerField()


@extend_schema_field(
    {
        "type": "array",
        "items": {
            "type": "array",
            "prefixItems": [{"type": "integer"}, {"type": "integer"}, {"type": "string", "format": "date-time"}],
            "minItems": 3,
            "maxItems": 3,
        },
        "description": "Case and activity, by their place in the lists, and `at`.",
    }
)
class PointsField(serializers.ListField):
    """Dots."""


class DottedSerializer(serializers.Serializer[Any]):
    """A dotted chart: events evenly taken from the log."""

    cases = serializers.ListField(child=serializers.CharField())
    started_at = serializers.ListField(child=serializers.DateTimeField(allow_null=True), help_text="Of each case.")
    activities = serializers.ListField(child=serializers.CharField())
    points = PointsField()


class StatisticsSerializer(serializers.Serializer[Any]):
    """Figures of a log, as of the event ``seq`` of the mining."""

    seq = serializers.IntegerField()
    events = serializers.IntegerField()
    cases = serializers.IntegerField()
    open_cases = serializers.IntegerField()
    first_at = serializers.DateTimeField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)
    closed_case = TimesSerializer(help_text="How long closed cases took.")
    minutes = MinuteSerializer(many=True, help_text="The newest 1,440 in which something came, in order.")
    dotted = DottedSerializer()
