"""Rules, and what they matched, in Django's admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from rules.matches.actions import check_all
from rules.models import Rule, RuleMatch
from streams.access.log_admin import LogChoices, OfLogs


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when run
    """Checks the actions too."""

    def clean_then(self) -> Any:
        then, log = self.cleaned_data["then"] or [], self.cleaned_data.get("log")
        if log is not None and (mistakes := check_all(then, log)):
            raise forms.ValidationError(mistakes)
        return then


@admin.register(Rule)
class RuleAdmin(OfLogs):
    """Saving one makes a new version, which begins at the log's end."""

    form = RuleForm
    list_display = ["name", "log", "kind", "severity", "enabled", "version", "changed_at", "notice"]
    list_filter = ["kind", "severity", "enabled", ("log", LogChoices)]
    list_select_related = ["log"]
    search_fields = ["name"]
    fields = [
        *("log", "name", "kind", "spec", "severity", "enabled", "cooldown_s", "then"),
        *("summary", "version", "from_seq", "changed_at", "notice"),
    ]
    readonly_fields = ["summary", "version", "from_seq", "changed_at", "notice"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Rule]":
        return super().get_queryset(request).filter(archived_at=None)

    def delete_model(self, request: HttpRequest, obj: Rule) -> None:
        obj.archive()

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Rule]") -> None:
        for rule in queryset:
            rule.archive()


@admin.register(RuleMatch)
class RuleMatchAdmin(OfLogs):
    """To look at: a match stays as it was told."""

    list_display = ["rule", "log", "case", "seq", "severity", "matched_at", "reason", "state"]
    list_filter = ["severity", ("log", LogChoices)]
    list_select_related = ["rule", "log"]
    search_fields = ["case"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
