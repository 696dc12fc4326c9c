"""Models of logs, and jobs, in Django's admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from models_mining.conformance.reference_admin import ReferenceModelAdmin as ReferenceModelAdmin
from models_mining.core.discovery import ALGORITHMS
from models_mining.models import Analysis, Job, MinedModel
from streams.access.log_admin import LogChoices, OfLogs


@admin.register(MinedModel)
class MinedModelAdmin(OfLogs):
    list_display = ["__str__", "log", "algorithm", "cases", "home", "version", "seq", "took_ms", "error"]
    list_filter = ["algorithm", "cases", ("log", LogChoices)]
    list_select_related = ["log"]
    readonly_fields = ["home", "epoch", "version", "seq", "derived_at", "took_ms", "error"]
    fieldsets = [
        (None, {"fields": ["log", "algorithm", "parameters", "cases"]}),
        ("Newest picture", {"fields": ["home", "epoch", "version", "seq", "derived_at", "took_ms", "error"]}),
    ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "algorithm":
            kwargs["widget"] = forms.Select(
                choices=[(name, f"{name}: {ALGORITHMS[name].summary}") for name in sorted(ALGORITHMS)]
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[MinedModel]":
        return super().get_queryset(request).defer("picture", "definition")


@admin.register(Job)
class JobAdmin(OfLogs):
    """To look at, and to remove: who wants one asks for it where it belongs."""

    list_display = ["__str__", "log", "state", "progress", "created_at", "finished_at", "error"]
    list_filter = ["kind", "state", ("log", LogChoices)]
    list_select_related = ["log"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Analysis)
class AnalysisAdmin(OfLogs):
    """To switch it off and on: each log has one, made when a worker first comes by."""

    list_display = ["__str__", "enabled", "seq", "saved_at"]
    list_select_related = ["log"]
    readonly_fields = ["log", "seq", "saved_at", "score"]
    fields = ["log", "enabled", "seq", "saved_at", "score"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Analysis]":
        return super().get_queryset(request).defer("state")

    def save_model(self, request: HttpRequest, obj: Analysis, form: Any, change: bool) -> None:
        obj.switch(on=obj.enabled)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
