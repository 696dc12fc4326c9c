"""Changes of the process, and predictions, as JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from models_mining.core.drawing.changes import Comparison, compare
from models_mining.mined_models.serializers import EdgesField, NodesField
from models_mining.models import Analysis, DriftChange, Prediction


class AnalysisSerializer(serializers.ModelSerializer[Analysis]):
    """Whether a log is analysed on its way, and how far. Switched off it stops, and later goes on from there."""

    class Meta:
        model = Analysis
        fields = ["enabled", "seq", "saved_at"]
        read_only_fields = ["seq", "saved_at"]

    def update(self, instance: Analysis, validated_data: dict[str, Any]) -> Analysis:
        instance.switch(on=validated_data.get("enabled", instance.enabled))
        return instance


class EdgeChangeSerializer(serializers.Serializer[Any]):
    """How often `target` came next after `source`, before and after; `appeared` and `vanished`: next to never."""

    source = serializers.CharField(allow_blank=True, help_text="Empty: the case began.")  # type: ignore[assignment]
    target = serializers.CharField(allow_blank=True, help_text="Empty: the case ended.")
    kind = serializers.ChoiceField(["appeared", "rose", "fell", "vanished"])
    before = serializers.FloatField(help_text="Probability, given the source.")
    after = serializers.FloatField()
    before_n = serializers.IntegerField()
    after_n = serializers.IntegerField()


class DurationChangeSerializer(serializers.Serializer[Any]):
    """Typical duration of cases (geometric mean), and of how many."""

    before_s = serializers.FloatField()
    after_s = serializers.FloatField()
    before_n = serializers.IntegerField()
    after_n = serializers.IntegerField()


class GraphSerializer(serializers.Serializer[Any]):
    """A directly-follows graph over the time between two changes. `share` of an edge is its probability."""

    kind = serializers.ChoiceField(["graph"])
    nodes = NodesField()
    edges = EdgesField()


class ChangedSerializer(serializers.Serializer[Any]):
    """What both have, with the values that differ: before and after."""

    row = serializers.DictField()
    values = serializers.DictField(child=serializers.ListField())


class DifferencesSerializer(serializers.Serializer[Any]):
    """Nodes or edges that only one side has, and those with other values."""

    added = serializers.ListField(child=serializers.DictField())
    removed = serializers.ListField(child=serializers.DictField())
    changed = ChangedSerializer(many=True)


class ComparisonSerializer(serializers.Serializer[Any]):
    """How the graph after differs from the one before, whether that is by chance or not."""

    nodes = DifferencesSerializer()
    edges = DifferencesSerializer()


class DriftSerializer(serializers.ModelSerializer[DriftChange]):
    """A change of the process. It was certain with event `seq`; it began about after `began_seq`.

    Before it nothing had changed since `since_seq`.
    """

    edges = EdgeChangeSerializer(many=True, read_only=True, help_text="Only those that changed for certain.")
    duration = DurationChangeSerializer(allow_null=True, read_only=True)

    class Meta:
        model = DriftChange
        fields = [
            *("id", "seq", "at", "received_at", "began_seq", "began_at", "began_received_at", "since_seq"),
            *("edges", "duration"),
        ]
        read_only_fields = fields


class DriftDetailSerializer(DriftSerializer):
    """A change with the directly-follows graph before it and the one since, as far as it was known by then."""

    before = GraphSerializer(read_only=True)
    after = GraphSerializer(read_only=True)
    comparison = serializers.SerializerMethodField()

    class Meta(DriftSerializer.Meta):
        fields = [*DriftSerializer.Meta.fields, "before", "after", "comparison"]
        read_only_fields = fields

    @extend_schema_field(ComparisonSerializer)
    def get_comparison(self, change: DriftChange) -> Comparison:
        return compare(change.before, change.after)


class NextSerializer(serializers.Serializer[Any]):
    """What comes next, and how likely."""

    activity = serializers.CharField(allow_null=True, help_text="Null: nothing, the case ends where it is.")
    probability = serializers.FloatField()


class RemainingSerializer(serializers.Serializer[Any]):
    """Seconds from `as_of` until the last event: half of such cases take longer; four of five lie within."""

    median = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class PredictionSerializer(serializers.ModelSerializer[Prediction]):
    """How an open case is expected to go on, if until `as_of` (event time of the log) nothing more has come."""

    next = NextSerializer(many=True, read_only=True, help_text="The likeliest, most likely first.")
    remaining_s = serializers.SerializerMethodField(help_text="Null: no closed case took so long.")

    class Meta:
        model = Prediction
        fields = ["case", "activity", "seq", "last_at", "as_of", "next", "remaining_s"]
        read_only_fields = fields

    @extend_schema_field(RemainingSerializer(allow_null=True))
    def get_remaining_s(self, row: Prediction) -> dict[str, float | None] | None:
        if row.remaining_s is None:
            return None
        return {"median": row.remaining_s, "low": row.low_s, "high": row.high_s}


class NextScoreSerializer(serializers.Serializer[Any]):
    """Of `tests` predictions of the next activity; the baseline guesses what followed the last activity most often."""

    tests = serializers.IntegerField()
    accuracy = serializers.FloatField(allow_null=True, help_text="Share of them that came true.")
    baseline_accuracy = serializers.FloatField(allow_null=True)
    brier = serializers.FloatField(allow_null=True, help_text="Mean Brier score, from 0 (best) to 2.")


class TimeScoreSerializer(serializers.Serializer[Any]):
    """Of `tests` estimates of the remaining time; the baseline guesses the mean after the last activity."""

    tests = serializers.IntegerField()
    mae_s = serializers.FloatField(allow_null=True, help_text="Mean absolute error.")
    baseline_mae_s = serializers.FloatField(allow_null=True)
    interval_held = serializers.FloatField(allow_null=True, help_text="Share of intervals that held; 0.8 is meant.")


class NextScoresSerializer(serializers.Serializer[Any]):
    """Over all tests, and over the newest 1,000."""

    overall = NextScoreSerializer()
    recent = NextScoreSerializer()


class TimeScoresSerializer(serializers.Serializer[Any]):
    """Over all tests, and over the newest 1,000."""

    overall = TimeScoreSerializer()
    recent = TimeScoreSerializer()


class ScoreSerializer(serializers.Serializer[Any]):
    """How good the predictions of this log have been: each was made before what it speaks of was known."""

    next = NextScoresSerializer()
    remaining = TimeScoresSerializer()


class PredictionsSerializer(serializers.Serializer[Any]):
    """A page of predictions, as of event `seq`, and how good they have been so far."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    seq = serializers.IntegerField()
    score = ScoreSerializer(allow_null=True, help_text="Null: nothing is scored yet.")
    results = PredictionSerializer(many=True)
