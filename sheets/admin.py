"""Sheets and what belongs to them in Django's admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import ForeignKey, Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sheets.models import Answer, Prompt, ReportMapping, Schedule, Sheet
from sheets.questions.questions import EXAMPLE
from streams.access.log_admin import LogChoices, OfLogs
from streams.access.logs import logs_of
from streams.admin import ReadOnly


class SheetForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when run
    """A new one begins with an example."""

    class Meta:
        model = Sheet
        fields = [
            *("name", "slug", "log", "label", "intro", "activity", "questions", "ttl_s", "a_day", "gap_s", "enabled")
        ]
        widgets = {"questions": forms.Textarea(attrs={"rows": 24, "cols": 100, "spellcheck": "false"})}


@admin.register(Sheet)
class SheetAdmin(OfLogs):
    form = SheetForm
    list_display = ["name", "slug", "log", "enabled", "version", "preview"]
    list_filter = ["enabled", ("log", LogChoices)]
    list_select_related = ["log"]
    readonly_fields = ["version", "preview"]
    fields = [*SheetForm.Meta.fields, "version", "preview"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"questions": EXAMPLE, **super().get_changeform_initial_data(request)}

    def get_prepopulated_fields(self, request: HttpRequest, obj: Sheet | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ["name"]}

    @admin.display(description="preview")
    def preview(self, sheet: Sheet) -> SafeString | str:
        if not sheet.pk:
            return "Save it first."
        return format_html('<a href="{}">how it looks, invitations, answers</a>', reverse("sheet", args=[sheet.slug]))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """What people said stays: only a sheet nobody was invited to can go."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and not (isinstance(obj, Sheet) and obj.prompts.exists())

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


@admin.register(Prompt)
class PromptAdmin(OfLogs, ReadOnly):
    list_display = ["created_at", "sheet", "log", "case", "respondent", "state", "expires_at"]
    list_filter = [("log", LogChoices), "stored_state"]
    list_select_related = ["sheet", "log"]
    search_fields = ["=case", "=respondent"]
    exclude = ["token", "token_hash", "key", "origin"]
    ordering = ["-id"]


@admin.register(Answer)
class AnswerAdmin(OfLogs, ReadOnly):
    list_display = ["at", "prompt", "log", "answers", "seq"]
    list_filter = [("log", LogChoices)]
    list_select_related = ["prompt__sheet", "log"]
    ordering = ["-id"]


@admin.register(Schedule)
class ScheduleAdmin(OfLogs):
    log_path = "sheet__log"
    list_display = ["__str__", "enabled", "done_until", "missed"]
    list_select_related = ["sheet"]
    readonly_fields = ["done_until", "missed"]

    def formfield_for_foreignkey(self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "sheet":
            kwargs["queryset"] = Sheet.objects.filter(log__in=logs_of(request.user, None, self.log_action))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(ReportMapping)
class ReportMappingAdmin(OfLogs):
    list_display = ["client", "log", "case", "names"]
    list_select_related = ["log"]
