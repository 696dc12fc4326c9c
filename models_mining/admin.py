"""Models of logs in Django's admin."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from models_mining.models import MinedModel


@admin.register(MinedModel)
class MinedModelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when run
    list_display = ["__str__", "log", "algorithm", "cases", "version", "seq", "took_ms", "error"]
    list_filter = ["algorithm", "cases", "log"]
    list_select_related = ["log"]
    readonly_fields = ["epoch", "version", "seq", "took_ms", "error"]
    fieldsets = [
        (None, {"fields": ["log", "algorithm", "parameters", "cases"]}),
        ("Newest picture", {"fields": ["epoch", "version", "seq", "took_ms", "error"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[MinedModel]":
        return super().get_queryset(request).defer("picture")
