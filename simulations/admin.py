"""Simulations in Django's admin: looked at, stopped, cleared away; started on the page /simulate/."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from simulations import runs
from simulations.models import Simulation
from streams.access.log_admin import LogChoices, OfLogs


@admin.register(Simulation)
class SimulationAdmin(OfLogs):
    list_display = ["id", "log", "state", "sent", "count", "rate", "owner", "started_at", "ended_at", "watch"]
    list_filter = ["state", ("log", LogChoices)]
    list_select_related = ["log", "owner"]
    actions = ["stop"]

    @admin.display(description="")
    def watch(self, row: Simulation) -> SafeString:
        return format_html('<a href="{}">watch</a>', reverse("simulate-run", args=[row.pk]))

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Simulation]":
        Simulation.objects.all().give_up_lost()
        return super().get_queryset(request)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """One is started on the page that checks and draws its configuration."""
        return redirect("simulate")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_stop_permission(self, request: HttpRequest) -> bool:
        """Asked for by the action: changing a row by hand is for nobody."""
        return request.user.has_perm("simulations.change_simulation")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """One that runs is stopped first."""
        ended = not isinstance(obj, Simulation) or not obj.active
        return ended and super().has_delete_permission(request, obj)

    @admin.action(description="Stop", permissions=["stop"])
    def stop(self, request: HttpRequest, queryset: "QuerySet[Simulation]") -> None:
        for row in queryset:
            runs.stop(row)
        self.message_user(request, "They end within a second.", messages.SUCCESS)
