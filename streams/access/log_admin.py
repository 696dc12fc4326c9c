"""What admin pages of a log's rows share: one sees those of logs one may view, and changes them by the same rule."""

from typing import Any

from django.contrib import admin
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest

from foundation.access import holds
from streams.access.logs import logs_of
from streams.models import EventLog


class LogChoices(admin.RelatedFieldListFilter):
    """A filter that names no log one may not view."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        seen = logs_of(request.user).values("pk")
        return list(field.get_choices(include_blank=False, limit_choices_to={"pk__in": seen}))


class OfLogs(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when run
    """Rows of a log: `log_path` leads there. The model's permission is asked for too, as everywhere in the admin."""

    log_path = "log"
    log_action = "change"  # what one must be allowed to do with a log to choose it in a form

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        rows: QuerySet[Any] = super().get_queryset(request)
        if holds(request.user, "streams.view_eventlog"):
            return rows
        return rows.filter(**{f"{self.log_path}__in": logs_of(request.user)})

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._may(request, obj, "change")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        action = "delete" if isinstance(obj, EventLog) else "change"
        return super().has_delete_permission(request, obj) and self._may(request, obj, action)

    def _may(self, request: HttpRequest, obj: Model | None, action: str) -> bool:
        if obj is None:
            return True
        of_it = {"pk": obj.pk, f"{self.log_path}__in": logs_of(request.user, None, action)}
        return holds(request.user, f"streams.{action}_eventlog") or self.model.objects.filter(**of_it).exists()

    def formfield_for_foreignkey(self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is EventLog:
            kwargs["queryset"] = logs_of(request.user, None, self.log_action)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
