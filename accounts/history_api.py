"""REST resource ``history/``: who changed what, and when."""

from typing import Any

import django_filters
from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import generics, serializers

from accounts.history import KINDS
from streams.access.logs import SetupPermission
from streams.models import EventLog, Stream

ACTIONS = {
    "created": LogEntry.Action.CREATE,
    "changed": LogEntry.Action.UPDATE,
    "deleted": LogEntry.Action.DELETE,
}
_NAMES = {label.lower(): kind for kind, label in KINDS.items()}
_VALUE: dict[str, Any] = {}


class ChangeSerializer(serializers.ModelSerializer[LogEntry]):
    """One change. ``by`` is null where no person made it: an ingester that opened a log, a command."""

    at = serializers.DateTimeField(source="timestamp", read_only=True)
    by = serializers.CharField(
        source="additional_data.user", default=None, read_only=True, allow_null=True, help_text="User name of then."
    )
    token = serializers.CharField(
        source="additional_data.token", default=None, read_only=True, allow_null=True, help_text="Id of the token."
    )
    address = serializers.IPAddressField(source="remote_addr", read_only=True, allow_null=True)
    action = serializers.SerializerMethodField()
    kind = serializers.SerializerMethodField(help_text=f"Of {', '.join(KINDS)}.")
    object = serializers.CharField(source="object_pk", read_only=True, help_text="Its id; of a token, its name.")
    name = serializers.CharField(source="object_repr", read_only=True)
    changes = serializers.SerializerMethodField(help_text="Field: [before, after], or what was added and removed.")

    class Meta:
        model = LogEntry
        fields = ["id", "at", "by", "token", "address", "action", "kind", "object", "name", "changes"]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "enum": list(ACTIONS)})
    def get_action(self, row: LogEntry) -> str:
        return next((name for name, action in ACTIONS.items() if action == row.action), "changed")

    def get_kind(self, row: LogEntry) -> str:
        label = f"{row.content_type.app_label}.{row.content_type.model}"
        return _NAMES.get(label, label)

    @extend_schema_field(
        {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {"before": _VALUE, "after": _VALUE, "added": _VALUE, "removed": _VALUE},
            },
        }
    )
    def get_changes(self, row: LogEntry) -> dict[str, Any]:
        return {field: _told(change) for field, change in (row.changes or {}).items()}


def _told(change: Any) -> dict[str, Any]:
    if isinstance(change, dict):  # of a relation to many
        return {"added" if change["operation"] == "add" else "removed": change["objects"]}
    before, after = change
    return {"before": before, "after": after}


class ChangeFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(choices=[(kind, kind) for kind in KINDS], method="of_kind")
    object = django_filters.CharFilter(method="of_object", label="Its id, or the slug of a stream or log there is.")
    name = django_filters.CharFilter("object_repr")
    by = django_filters.CharFilter("actor__username")
    action = django_filters.ChoiceFilter(choices=[(name, name) for name in ACTIONS], method="of_action")
    at_after = django_filters.IsoDateTimeFilter("timestamp", lookup_expr="gt")
    at_before = django_filters.IsoDateTimeFilter("timestamp", lookup_expr="lt")

    class Meta:
        model = LogEntry
        fields: list[str] = []

    def of_kind(self, rows: "QuerySet[LogEntry]", name: str, kind: str) -> "QuerySet[LogEntry]":
        """Of one kind."""
        app, _, model = KINDS[kind].lower().partition(".")
        return rows.filter(content_type__app_label=app, content_type__model=model)

    def of_object(self, rows: "QuerySet[LogEntry]", name: str, value: str) -> "QuerySet[LogEntry]":
        """Of one thing, or of several of different kinds with this id."""
        wanted = Q(object_pk=value)
        named: tuple[QuerySet[Any], ...] = (Stream.objects.filter(slug=value), EventLog.objects.filter(slug=value))
        for found in named:
            of_kind = Q(content_type=ContentType.objects.get_for_model(found.model))
            wanted |= of_kind & Q(object_id__in=found.values("pk"))
        return rows.filter(wanted)

    def of_action(self, rows: "QuerySet[LogEntry]", name: str, action: str) -> "QuerySet[LogEntry]":
        """What was done."""
        return rows.filter(action=ACTIONS[action])


class HistoryList(generics.ListAPIView[LogEntry]):
    """What people changed of brokers, streams, logs, models, permissions and tokens, the newest first. No secret."""

    queryset = LogEntry.objects.select_related("content_type").order_by("-timestamp", "-id")
    serializer_class = ChangeSerializer
    permission_classes = [SetupPermission]
    filterset_class = ChangeFilter
    ordering_fields = ["timestamp"]
