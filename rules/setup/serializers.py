"""Rules and their matches as JSON."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from foundation.http.requests import CheckedSerializer
from models_mining.mined_models.serializers import LogField
from rules.core import specs
from rules.core.expressions import MAX_LENGTH, SCOPE
from rules.matches import actions
from rules.models import Rule, RuleMatch, RuleVersion
from streams.access.logs import seen_by
from streams.models import EventLog

_WHEN = "CEL, true or false, over " + ", ".join(f"`{name}` ({meaning})" for name, (_, meaning) in SCOPE.items()) + "."


class PlacedDetail(ErrorDetail):
    """A mistake in an expression: where it is, from 1."""

    line: int | None
    column: int | None

    def __new__(cls, error: specs.SpecError) -> "PlacedDetail":
        made: PlacedDetail = super().__new__(cls, str(error), "invalid")
        made.line, made.column = error.line, error.column
        return made


def refused(error: specs.SpecError) -> serializers.ValidationError:
    """The mistake at its place in the spec."""
    detail: Any = [PlacedDetail(error)]
    for part in reversed(error.path):
        detail = {str(part): detail}
    made = serializers.ValidationError()
    made.detail = detail if error.path else {"non_field_errors": detail}
    return made


class StepSerializer(serializers.Serializer[Any]):
    """A step of a sequence; a text alone is its ``when``."""

    when = serializers.CharField(max_length=MAX_LENGTH, help_text="CEL.")
    within_s = serializers.IntegerField(required=False, help_text="Of the step before.")
    absent = serializers.BooleanField(required=False, help_text="No such event between its neighbours.")


@extend_schema_field({"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "object"}]}})
class StepsField(serializers.JSONField):
    """Steps, read by `rules.core.specs`."""


class Said(serializers.Serializer[Any]):
    """What a rule watches for; which fields there are depends on its kind."""

    when = serializers.CharField(source="spec.when", required=False, help_text=f"event. {_WHEN}")
    steps = StepsField(
        source="spec.steps",
        required=False,
        help_text="sequence: 2 to 10, each a text or {`when`, `within_s`, `absent`}.",
    )
    after = serializers.CharField(source="spec.after", required=False, help_text="timeout: CEL, starts the clock.")
    until = serializers.CharField(source="spec.until", required=False, help_text="timeout: CEL, stops the clock.")
    within_s = serializers.IntegerField(
        source="spec.within_s", required=False, help_text="timeout: how long; log: over how long."
    )
    duration_s = serializers.IntegerField(
        source="spec.duration_s", required=False, allow_null=True, help_text="case: lasts longer."
    )
    length = serializers.IntegerField(
        source="spec.length", required=False, allow_null=True, help_text="case: has more events."
    )
    repetitions = serializers.IntegerField(
        source="spec.repetitions", required=False, allow_null=True, help_text="case: does an activity more often."
    )
    activity = serializers.CharField(
        source="spec.activity", required=False, allow_null=True, help_text="case: the repeated one; null: any."
    )
    fitness_below = serializers.FloatField(
        source="spec.fitness_below", required=False, allow_null=True, help_text="deviation: a bound, from 0 to 1."
    )
    activities = serializers.ListField(
        child=serializers.CharField(),
        source="spec.activities",
        required=False,
        allow_null=True,
        help_text="deviation: only at these.",
    )
    of = serializers.ChoiceField(
        ["activity", "edge", "variant"], source="spec.of", required=False, help_text="novelty: of what."
    )
    warm_up = serializers.IntegerField(
        source="spec.warm_up", required=False, help_text="novelty: events seen before it tells of any; 1000."
    )
    measure = serializers.ChoiceField(
        ["silence", "rate", "rejections"], source="spec.measure", required=False, help_text="log: what of it."
    )
    above = serializers.FloatField(
        source="spec.above", required=False, allow_null=True, help_text="log: events a second, or share refused."
    )
    below = serializers.FloatField(
        source="spec.below", required=False, allow_null=True, help_text="log: events a second."
    )


SAID = tuple(Said().get_fields())


class RuleSerializer(Said, CheckedSerializer):
    """A rule of a log. Every change makes a new ``version``, which begins at the log's end (``from_seq``)."""

    log = LogField(slug_field="slug", queryset=EventLog.objects.all())
    then = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        max_length=actions.MAX_ACTIONS,
        help_text='What follows: {"notify": name, "text": template} or {"sheet": slug}.',
    )
    summary = serializers.SerializerMethodField(help_text="What it does, in a sentence.")

    class Meta:
        model = Rule
        fields = [
            *("id", "name", "log", "kind", "severity", "enabled", *SAID, "cooldown_s", "then"),
            *("summary", "version", "from_seq", "changed_at", "notice"),
        ]
        read_only_fields = ["version", "from_seq", "changed_at", "notice"]

    _refused: serializers.ValidationError | None = None

    def is_valid(self, *, raise_exception: bool = False) -> bool:
        """A mistake in an expression is raised as it is: the framework would make a plain text of it."""
        valid = super().is_valid(raise_exception=False)
        if not valid and raise_exception:
            raise self._refused or serializers.ValidationError(self.errors)
        return valid

    def get_summary(self, rule: Rule) -> str:
        return rule.summary

    def validate_log(self, log: EventLog) -> EventLog:
        if self.instance is not None and log != self.instance.log:
            raise serializers.ValidationError("A rule stays with its log: make another one there.")
        if not seen_by(self.context["request"], "change").filter(pk=log.pk).exists():
            raise serializers.ValidationError("You may see this log, but not change its rules.")
        return log

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        before: Rule | None = self.instance
        kind = attrs["kind"] if before is None else attrs.get("kind", before.kind)
        given = attrs.pop("spec", {})
        if self.partial and before is not None and kind == before.kind:
            given = before.spec | given
        attrs["spec"] = {name: value for name, value in given.items() if value is not None}
        try:
            specs.read(kind, attrs["spec"])
        except specs.SpecError as error:
            self._refused = refused(error)
            raise self._refused from error
        if "then" in attrs:
            mistakes: Any = actions.check_all(
                attrs["then"], attrs["log"] if before is None else before.log, self.context["request"].user
            )
            if mistakes:
                raise serializers.ValidationError({"then": mistakes})
        return super().validate(attrs)

    def create(self, validated_data: dict[str, Any]) -> Rule:
        return Rule.objects.create(**validated_data)

    def update(self, instance: models.Model, validated_data: Mapping[str, Any]) -> models.Model:
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save()
        return instance


class VersionSerializer(serializers.ModelSerializer[RuleVersion]):
    """What a rule said for the events after ``from_seq``."""

    class Meta:
        model = RuleVersion
        fields = ["version", "from_seq", "created_at", "content"]
        read_only_fields = fields


class DoneSerializer(serializers.Serializer[Any]):
    """What follows from a match, and how far it is; more by kind."""

    kind = serializers.CharField()
    status = serializers.CharField(required=False)


class MatchSerializer(serializers.ModelSerializer[RuleMatch]):
    """A rule matched. It stays as it was told, whatever comes later."""

    rule_name = serializers.CharField(source="rule.name", read_only=True)
    log = serializers.SlugRelatedField[EventLog](slug_field="slug", read_only=True)
    matched_at = serializers.DateTimeField(read_only=True, help_text="When it could be known, by arrival.")
    state = serializers.ChoiceField(RuleMatch.State.choices, read_only=True)
    acknowledged_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)
    actions = serializers.SerializerMethodField()

    class Meta:
        model = RuleMatch
        fields = [
            *("id", "rule", "rule_name", "rule_version", "severity", "log", "case", "seq", "activity", "at"),
            *("matched_at", "reason", "context", "actions", "state", "acknowledged_at", "acknowledged_by"),
        ]
        read_only_fields = fields

    @extend_schema_field(DoneSerializer(many=True))
    def get_actions(self, match: RuleMatch) -> list[dict[str, Any]]:
        known: dict[int, list[dict[str, Any]]] = self.context.get("actions") or actions.statuses_of([match.pk])
        return known.get(match.pk, [])


class FoundSerializer(serializers.Serializer[Any]):
    """What a rule would have matched."""

    case = serializers.CharField()
    seq = serializers.IntegerField()
    activity = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    matched_at = serializers.DateTimeField(source="known_at")
    reason = serializers.CharField()
    context = serializers.DictField()  # type: ignore[assignment]  # the name is that of the match's field


class TriedSerializer(serializers.Serializer[Any]):
    """A rule over the newest events: how many matches, without cool-down, and the newest of them."""

    events = serializers.IntegerField()
    from_seq = serializers.IntegerField()
    to_seq = serializers.IntegerField()
    count = serializers.IntegerField()
    matches = FoundSerializer(many=True)
    notice = serializers.CharField(help_text="What could not be computed, or why it was ended; empty: nothing.")
