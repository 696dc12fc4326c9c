"""Logs, events, models and algorithms as JSON."""

from typing import Any, get_args

from django.db.models import Q
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from foundation.http.requests import CheckedSerializer
from models_mining.core.discovery import ALGORITHMS
from models_mining.core.discovery.registry import Needs
from models_mining.core.drawing.drawing import Kind
from models_mining.models import MinedModel
from streams.access.logs import seen_by
from streams.models import Event, EventLog, Stream


class LogSerializer(CheckedSerializer):
    """A log and how much is in it. ``cases`` and ``open_cases`` are as of the mining, ``last_seq`` of this moment."""

    last_seq = serializers.SerializerMethodField()
    cases = serializers.SerializerMethodField()
    open_cases = serializers.SerializerMethodField()
    streams = serializers.SerializerMethodField(help_text="Slugs of the streams that write into it.")

    class Meta:
        model = EventLog
        fields = [
            *("slug", "name", "end_activities", "idle_close_s", "memory", "retention_days"),
            *("last_seq", "cases", "open_cases"),
            *("first_at", "last_at", "last_received_at", "retired_events", "archived_at", "streams"),
        ]
        read_only_fields = ["first_at", "last_at", "last_received_at", "retired_events", "archived_at"]
        extra_kwargs = {"end_activities": {"initial": list}, "memory": {"initial": dict}}  # what an empty form shows

    def get_last_seq(self, log: EventLog) -> int:
        return log.next_seq - 1

    def get_cases(self, log: EventLog) -> int:
        return log.mined.cases if hasattr(log, "mined") else 0

    def get_open_cases(self, log: EventLog) -> int:
        return log.mined.open_cases if hasattr(log, "mined") else 0

    def get_streams(self, log: EventLog) -> list[str]:
        feeding = Stream.objects.filter(Q(log=log) | Q(pk=log.opened_by_id), archived_at=None)
        return list(feeding.order_by("slug").values_list("slug", flat=True))


class EventSerializer(serializers.ModelSerializer[Event]):
    """An event as it was recorded; ``id`` is the sender's own, ``stream`` null where it came over HTTP."""

    id = serializers.CharField(source="event_id", allow_null=True, read_only=True)
    stream = serializers.SlugRelatedField(slug_field="slug", read_only=True, allow_null=True)  # type: ignore[var-annotated]

    class Meta:
        model = Event
        fields = ["seq", "id", "case", "activity", "at", "at_source", "received_at", "stream", "attributes"]
        read_only_fields = fields


class NewEventSerializer(serializers.Serializer[Any]):
    """An event to store. ``id`` makes it safe to send again; without ``at`` its arrival counts."""

    id = serializers.CharField(required=False, max_length=255)
    case = serializers.CharField(max_length=255)
    activity = serializers.CharField(max_length=255)
    at = serializers.DateTimeField(required=False)
    attributes = serializers.DictField(required=False)


class EventResultSerializer(serializers.Serializer[Any]):
    """What became of one event."""

    index = serializers.IntegerField()
    status = serializers.ChoiceField(["stored", "duplicate", "rejected"])
    seq = serializers.IntegerField(required=False)
    reason = serializers.CharField(required=False)
    detail = serializers.CharField(required=False)


class TakenSerializer(serializers.Serializer[Any]):
    """What became of a batch, after the commit."""

    stored = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    rejected = serializers.IntegerField()
    last_seq = serializers.IntegerField()
    results = EventResultSerializer(many=True)


class LogField(serializers.SlugRelatedField[EventLog]):
    """A log the caller may see, by its slug."""

    def get_queryset(self) -> Any:
        request = self.context.get("request")
        return EventLog.objects.none() if request is None else seen_by(request)


class ModelSerializer(CheckedSerializer):
    """What is to be seen of a log: an algorithm with parameters, over all cases or closed ones only."""

    log = LogField(slug_field="slug", queryset=EventLog.objects.all())
    algorithm = serializers.ChoiceField(sorted(ALGORITHMS), default="dfg")
    home = serializers.ChoiceField(
        ["mine", "work"],
        read_only=True,
        help_text="Where it is derived: with every event, or beside, as it is slow by nature or on this log.",
    )

    class Meta:
        model = MinedModel
        fields = [
            *("id", "log", "algorithm", "parameters", "cases", "home"),
            *("epoch", "version", "seq", "derived_at", "took_ms", "error"),
        ]
        read_only_fields = ["epoch", "version", "seq", "derived_at", "took_ms", "error"]
        extra_kwargs = {"parameters": {"initial": dict}}


_WHOLE, _TEXT = {"type": "integer"}, {"type": "string"}


def _rows(told: str, required: dict[str, Any], **others: Any) -> dict[str, Any]:
    """The schema of a list of objects that may have more members than these."""
    row = {"type": "object", "required": list(required), "properties": required | others, "additionalProperties": True}
    return {"type": "array", "items": row, "description": told}


@extend_schema_field(
    _rows(
        "In a graph a node is an activity, with the number of it in the log. Elsewhere `key` is what keeps a node the "
        "same from one derivation to the next, and `type` says what it is. `n` counts its events, `starts` and `ends` "
        "the cases whose first or last event is here, `open` the running ones among the latter.",
        {"id": _WHOLE, "label": _TEXT},
        key=_TEXT,
        type=_TEXT,
        n=_WHOLE,
        starts=_WHOLE,
        ends=_WHOLE,
        open=_WHOLE,
    )
)
class NodesField(serializers.ListField):
    """Nodes of a picture of any kind."""


@extend_schema_field(
    _rows(
        "No two have the same ends. In a directly-follows graph `t` came `n` times directly after `s`, after so long.",
        {"s": _WHOLE, "t": _WHOLE},
        n=_WHOLE,
        total_s={"type": "number"},
        mean_s={"type": "number"},
        median_s={"type": "number"},
        p95_s={"type": "number"},
        min_s={"type": "number"},
        max_s={"type": "number"},
    )
)
class EdgesField(serializers.ListField):
    """Edges of a picture of any kind."""


class RemovedSerializer(serializers.Serializer[Any]):
    """What is no longer there: ids of nodes, ``[s, t]`` of edges."""

    nodes = serializers.ListField(child=serializers.IntegerField())
    edges = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))


class PictureSerializer(serializers.Serializer[Any]):
    """A picture: nodes and edges as derived from the events up to ``derived_seq``, cases where they stood at ``seq``.

    ``from``, ``removed``, ``moves`` and ``moves_omitted`` are there in a delta only.
    """

    epoch = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField()
    seq = serializers.IntegerField()
    structure = serializers.IntegerField(help_text="Rises when nodes or edges appear or go.")
    at = serializers.DateTimeField(allow_null=True)
    kind = serializers.ChoiceField(get_args(Kind), allow_null=True, help_text="Null as long as there is no picture.")
    remarks = serializers.ListField(child=serializers.CharField(), help_text="Sentences for the reader.")
    derived_seq = serializers.IntegerField()
    derived_at = serializers.DateTimeField(allow_null=True)
    nodes = NodesField()
    edges = EdgesField()
    removed = RemovedSerializer(required=False)
    moves = serializers.ListField(child=serializers.ListField(), required=False)
    moves_omitted = serializers.IntegerField(required=False)

    def get_fields(self) -> dict[str, Any]:
        since = serializers.IntegerField(required=False, help_text="The version that a delta continues.")
        return {**super().get_fields(), "from": since}  # which is no name for an attribute


class ParameterSerializer(serializers.Serializer[Any]):
    """One knob of an algorithm."""

    name = serializers.CharField()
    type = serializers.ChoiceField(["bool", "int", "float", "str"], source="kind")
    default = serializers.SerializerMethodField(method_name="default_of")
    minimum = serializers.FloatField(allow_null=True)
    maximum = serializers.FloatField(allow_null=True)
    choices = serializers.ListField(allow_null=True)
    meaning = serializers.CharField()

    @extend_schema_field({})
    def default_of(self, parameter: Any) -> Any:
        return parameter.default


class AlgorithmSerializer(serializers.Serializer[Any]):
    """``live`` algorithms keep up with every event; ``slow`` ones run beside, newest state first."""

    name = serializers.CharField()
    summary = serializers.CharField()
    parameters = ParameterSerializer(many=True)
    cost = serializers.ChoiceField(["live", "slow"], help_text="The class of its cost.")
    needs = serializers.ChoiceField(get_args(Needs), help_text="What has to change before the model can.")
    exact = serializers.BooleanField(help_text="Whether it promises to equal the batch result.")
    cases = serializers.ListField(
        child=serializers.ChoiceField(MinedModel.Cases.choices), source="case_sets", help_text="What it can count."
    )
    source = serializers.CharField(help_text="The publication that it is from.")  # type: ignore[assignment]
    package = serializers.CharField(help_text="The installed package that brings it.")
    description = serializers.CharField(help_text="What it finds, and how to read it, in plain text.")


class AlgorithmsSerializer(serializers.Serializer[Any]):
    """All of them."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = AlgorithmSerializer(many=True)
