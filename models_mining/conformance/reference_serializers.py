"""Reference models and conformance as JSON."""

from io import BytesIO
from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from models_mining.conformance import references
from models_mining.mined_models.serializers import EdgesField, LogField, NodesField
from models_mining.models import CaseConformance, ConformancePoint, MinedModel, ReferenceModel
from streams.access.logs import seen_by
from streams.models import EventLog

_KIND = serializers.ChoiceField(
    ["pnml", "bpmn", "ptml"], required=False, help_text="Of the file; needed unless its name ends so."
)


class ReferenceDrawingSerializer(serializers.Serializer[Any]):
    """A reference model as nodes and edges, as in a picture."""

    kind = serializers.CharField()
    nodes = NodesField()
    edges = EdgesField()


class ReferenceSerializer(serializers.ModelSerializer[ReferenceModel]):
    """A model that the cases of a log are checked against. ``name`` and ``active`` may be changed."""

    log = LogField(slug_field="slug", read_only=True)
    state = serializers.ChoiceField(ReferenceModel.State.values, read_only=True)
    error = serializers.CharField(read_only=True, help_text="Why it is refused: what is wrong, and where.")

    class Meta:
        model = ReferenceModel
        fields = [
            *("id", "log", "name", "kind", "active", "state", "error"),
            *("algorithm", "parameters", "derived_seq", "created_at"),
        ]
        read_only_fields = ["kind", "algorithm", "parameters", "derived_seq", "created_at"]

    def update(self, instance: ReferenceModel, validated_data: dict[str, Any]) -> ReferenceModel:
        active = validated_data.get("active", instance.active)
        with transaction.atomic():
            if "name" in validated_data:
                references.rename(instance, validated_data["name"])
            if active and not instance.active:
                references.activate(instance)
            elif instance.active and not active:
                references.deactivate(instance)
        return instance


class ReferenceDetailSerializer(ReferenceSerializer):
    """With what is drawn of it; null as long as it is not ready."""

    drawing = serializers.SerializerMethodField()

    class Meta(ReferenceSerializer.Meta):
        fields = [*ReferenceSerializer.Meta.fields, "drawing"]

    @extend_schema_field(ReferenceDrawingSerializer(allow_null=True))
    def get_drawing(self, reference: ReferenceModel) -> dict[str, Any] | None:
        found = reference.drawing
        return None if found is None else {name: found[name] for name in ("kind", "nodes", "edges")}


class ModelField(serializers.PrimaryKeyRelatedField[MinedModel]):
    """A model of a log that the caller may see."""

    def get_queryset(self) -> Any:
        request = self.context.get("request")
        return MinedModel.objects.none() if request is None else MinedModel.objects.filter(log__in=seen_by(request))


class NewReferenceSerializer(serializers.Serializer[Any]):
    """Either a file (``file``, or ``source`` with its text) or ``model``: a mined model, frozen as it is now."""

    log = LogField(slug_field="slug", queryset=EventLog.objects.all())
    name = serializers.CharField(max_length=255, required=False, help_text="That of the file unless said otherwise.")
    active = serializers.BooleanField(default=False)
    kind = _KIND
    source = serializers.CharField(required=False, trim_whitespace=False, help_text="At most 2 MiB of UTF-8.")  # type: ignore[assignment]
    file = serializers.FileField(required=False, help_text="PNML, BPMN or PTML: at most 2 MiB of UTF-8.")
    model = ModelField(queryset=MinedModel.objects.all(), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in ("file", "source", "model") if name in attrs]
        if len(given) != 1:
            raise serializers.ValidationError("Expected one of file, source, model.")
        if given == ["model"]:
            if attrs["model"].log_id != attrs["log"].pk:
                raise serializers.ValidationError({"model": "This is a model of another log."})
            if "kind" in attrs:
                raise serializers.ValidationError({"kind": "Only a file has one."})
            return attrs
        file = attrs.get("file")
        name = "" if file is None else str(file.name)
        stem, _, ending = name.rpartition(".")
        attrs.setdefault("name", stem or name)
        if "kind" not in attrs and ending.lower() in ("pnml", "bpmn", "ptml"):
            attrs["kind"] = ending.lower()
        for field in ("kind", "name"):
            if not attrs.get(field):
                raise serializers.ValidationError({field: "Say what it is: it is needed here."})
        attrs["source"] = references.text_of(file or BytesIO(attrs["source"].encode()), field=given[0])
        return attrs


class ReplayedSerializer(serializers.Serializer[Any]):
    """What a replay says of a case. Of an open one so far: nobody asks it for the end."""

    fits = serializers.BooleanField(allow_null=True, help_text="Null: not known, as a bound was hit.")
    fitness = serializers.FloatField()
    missing = serializers.IntegerField()
    remaining = serializers.IntegerField()


class DeviationSerializer(serializers.Serializer[Any]):
    """An activity that did not fit: its place in the case (from 0), and how many tokens it lacked."""

    at = serializers.IntegerField()
    activity = serializers.CharField()
    missing = serializers.IntegerField(help_text="0: the model does not have the activity.")


class BreachSerializer(serializers.Serializer[Any]):
    """A rule that is broken, or pending: not kept so far, but some continuation keeps it."""

    rule = serializers.CharField()
    activities = serializers.ListField(child=serializers.CharField())
    activity = serializers.CharField(help_text="Where to show it.")
    sentence = serializers.CharField()
    pending = serializers.BooleanField()


class CaseConformanceSerializer(serializers.ModelSerializer[CaseConformance]):
    """How a case agrees with the active reference model. Of deviations and rules the first 50 are told."""

    state = serializers.SerializerMethodField()
    events = serializers.IntegerField(source="length", read_only=True)
    exact = ReplayedSerializer(allow_null=True, read_only=True)
    pm4py = ReplayedSerializer(allow_null=True, read_only=True, help_text="By pm4py's token-based replay.")
    first_deviation = serializers.SerializerMethodField()
    deviations = DeviationSerializer(many=True, read_only=True)
    breaches = BreachSerializer(many=True, read_only=True)
    unknown = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = CaseConformance
        fields = [
            *("case", "state", "seq", "events", "fits", "fitness", "exact", "pm4py", "count"),
            *("first_deviation", "deviations", "breaches", "unknown"),
        ]
        read_only_fields = fields
        extra_kwargs = {"count": {"help_text": "Deviations, or broken rules."}}

    @extend_schema_field(serializers.ChoiceField(["open", "closed"]))
    def get_state(self, row: CaseConformance) -> str:
        return "closed" if row.closed else "open"

    @extend_schema_field(DeviationSerializer(allow_null=True))
    def get_first_deviation(self, row: CaseConformance) -> dict[str, Any] | None:
        return row.deviations[0] if row.deviations else None


class ExactSerializer(serializers.Serializer[Any]):
    """Fitness by the exact replay. A reference model of rules has the first only."""

    percentage_of_fitting_traces = serializers.FloatField()
    average_trace_fitness = serializers.FloatField(required=False)
    log_fitness = serializers.FloatField(required=False)


class Pm4pySerializer(serializers.Serializer[Any]):
    """What pm4py's batch functions say of the same cases."""

    percentage_of_fitting_traces = serializers.FloatField()
    average_trace_fitness = serializers.FloatField()
    log_fitness = serializers.FloatField()
    precision = serializers.FloatField(allow_null=True)
    generalization = serializers.FloatField()
    simplicity = serializers.FloatField()


class FiguresSerializer(serializers.Serializer[Any]):
    """Over the closed cases. ``left_out`` are beyond the prefix tree, ``undecided`` hit a bound."""

    cases = serializers.IntegerField()
    fitting = serializers.IntegerField()
    undecided = serializers.IntegerField()
    left_out = serializers.IntegerField()
    exact = ExactSerializer()
    pm4py = Pm4pySerializer(allow_null=True, help_text="Null for rules.")


class PointSerializer(serializers.ModelSerializer[ConformancePoint]):
    """The figures as of event ``seq``, which arrived at ``at``."""

    values = FiguresSerializer()

    class Meta:
        model = ConformancePoint
        fields = ["seq", "at", "values"]
        read_only_fields = fields


class OpenSerializer(serializers.Serializer[Any]):
    """Open cases by whether they fit so far."""

    fits = serializers.IntegerField()
    deviates = serializers.IntegerField()
    unknown = serializers.IntegerField()


class ConformanceSerializer(serializers.Serializer[Any]):
    """How a log agrees with its active reference model. ``reference`` null: there is none, and nothing else to say."""

    reference = ReferenceSerializer(allow_null=True)
    seq = serializers.IntegerField(help_text="What the cases were checked up to.")
    complete = serializers.BooleanField(help_text="Every case has been checked; if not, closed ones are on their way.")
    open = OpenSerializer()
    newest = PointSerializer(allow_null=True)
    points = PointSerializer(many=True, help_text="Oldest first, at most one a minute and 1,000; old ones thin out.")
