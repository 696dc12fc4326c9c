"""Notifiers and the outbox in Django's admin."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from rules.notifiers.api import trial
from rules.notifiers.models import Notification, Notifier
from rules.notifiers.sending import deliver
from streams.admin import ReadOnly
from streams.encryption import encrypt
from streams.log_admin import OfLogs


class NotifierForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when run
    """Address and secret are taken and never given."""

    url = forms.CharField(
        label="Address",
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "class": "vTextField"}),
        help_text="https://…, or mailto:a@example.org,b@example.org. Never shown; empty keeps the stored one.",
    )
    secret = forms.CharField(
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"}),
        help_text="Signs what a webhook is sent. Never shown; empty keeps the stored one.",
    )

    class Meta:
        model = Notifier
        fields = ["name", "kind", "url", "secret", "enabled"]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for name in ("url", "secret"):
            given[name] = encrypt(given[name]) if given.get(name) else getattr(self.instance, name)
        return given


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
            attempt = deliver(notifier, [trial()])
            level = messages.SUCCESS if attempt.sent else messages.ERROR
            self.message_user(request, f"{notifier}: {attempt.said}", level)


@admin.register(Notification)
class NotificationAdmin(OfLogs, ReadOnly):
    list_display = ["created_at", "notifier", "state", "attempts", "text", "why", "sent_at"]
    list_filter = ["state", "notifier"]
    list_select_related = ["notifier"]
    ordering = ["-id"]
