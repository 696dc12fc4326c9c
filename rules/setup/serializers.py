"""Rules and their matches as JSON."""

from collections.abc import Mapping
from typing import Any

import msgspec
from drf_spectacular.utils import extend_schema_field
from msgspec.inspect import BoolType, FloatType, IntType, ListType, LiteralType, StrType
from rest_framework import serializers

from foundation.http.requests import CheckedSerializer
from models_mining.mined_models.serializers import LogField
from rules.core import specs
from rules.core.expressions import MAX_LENGTH
from rules.core.spec_fields import SpecField, fields_of
from rules.matches import actions
from rules.models import Rule, RuleMatch, RuleVersion
from streams.access.logs import seen_by
from streams.models import EventLog


@extend_schema_field(
    {
        "type": "array",
        "minItems": 2,
        "maxItems": specs.MAX_STEPS,
        "items": {"anyOf": [{"type": "string"}, msgspec.json.schema_components([specs.Step])[1]["Step"]]},
    }
)
class StepsField(serializers.JSONField):
    """Steps, read by `rules.core.specs`."""


def spec_fields() -> dict[str, serializers.Field[Any, Any, Any, Any]]:
    """Return the fields of all kinds, as `rules.core.specs` declares them; each says of which kinds it is."""
    uses: dict[str, dict[str, SpecField]] = {}
    for kind, spec in specs.KINDS.items():
        for field in fields_of(spec):
            uses.setdefault(field.name, {})[kind] = field
    return {name: _spec_field(name, kinds) for name, kinds in uses.items()}


def _spec_field(name: str, kinds: Mapping[str, SpecField]) -> serializers.Field[Any, Any, Any, Any]:
    field = next(iter(kinds.values()))
    options: dict[str, Any] = {
        "source": f"spec.{name}",
        "required": False,
        "allow_null": field.nullable,
        "help_text": " ".join(f"{kind}: {one.help}" for kind, one in kinds.items()),
    }
    match field.type:
        case StrType(max_length=most):
            return serializers.CharField(max_length=MAX_LENGTH if field.language else most, **options)
        case IntType(ge=least, le=most):
            return serializers.IntegerField(min_value=least, max_value=most, **options)
        case FloatType(ge=least, le=most):
            return serializers.FloatField(min_value=least, max_value=most, **options)
        case BoolType():
            return serializers.BooleanField(**options)
        case LiteralType(values=values):
            return serializers.ChoiceField(values, **options)
        case ListType(item_type=StrType(max_length=longest), min_length=least, max_length=most):
            child = serializers.CharField(max_length=longest)
            return serializers.ListField(child=child, min_length=least, max_length=most, **options)
    return StepsField(**options)


class RuleSerializer(CheckedSerializer):
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
            *("id", "name", "log", "kind", "severity", "enabled", "cooldown_s", "then"),
            *("summary", "version", "from_seq", "changed_at", "notice"),
        ]
        read_only_fields = ["version", "from_seq", "changed_at", "notice"]

    flat = "spec"

    def get_fields(self) -> dict[str, Any]:
        found = {}
        for name, field in super().get_fields().items():
            found[name] = field
            if name == "enabled":
                found |= spec_fields()
        return found

    def check(self, row: Rule, given: Mapping[str, Any]) -> None:
        actions.check_rule(row, self.context["request"].user, then="then" in given)

    def get_summary(self, rule: Rule) -> str:
        return rule.summary

    def validate_log(self, log: EventLog) -> EventLog:
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
        return super().validate(attrs)


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
