"""Notifiers and the outbox in Django's admin."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from rules.models import Notification, Notifier
from rules.notifiers.forms import NotifierForm
from rules.notifiers.sending import send_test
from streams.access.log_admin import OfLogs
from streams.admin import ReadOnly


@admin.register(Notifier)
class NotifierAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when run
    form = NotifierForm
    list_display = ["name", "kind", "enabled", "last_status", "last_at", "failures"]
    list_filter = ["kind", "enabled"]
    fields = ["name", "kind", "url", "secret", "enabled", "last_status", "last_at", "failures", "not_before"]
    readonly_fields = ["last_status", "last_at", "failures", "not_before"]
    actions = ["test"]

    @admin.action(description="Send a test message", permissions=["change"])
    def test(self, request: HttpRequest, queryset: "QuerySet[Notifier]") -> None:
        for notifier in queryset[:5]:  # one after the other, up to 10 s each
            attempt = send_test(notifier)
            level = messages.SUCCESS if attempt.sent else messages.ERROR
            self.message_user(request, f"{notifier}: {attempt.said}", level)


@admin.register(Notification)
class NotificationAdmin(OfLogs, ReadOnly):
    list_display = ["created_at", "notifier", "state", "attempts", "text", "why", "sent_at"]
    list_filter = ["state", "notifier"]
    list_select_related = ["notifier"]
    ordering = ["-id"]
