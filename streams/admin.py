"""Brokers, streams, logs, events and refused messages in Django's admin."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from streams.encryption import encrypt
from streams.models import Broker, Event, EventLog, Rejection, Republish, Stream
from streams.registration import COUNTS, TEST_TIMEOUT_S, remove_stream, setup_lock
from streams.removal import archive
from streams.rest import Conflict
from streams.retry import retry
from streams.sources import test_connection

COUNTED = 10_000  # rows that a long list counts; more it does not need to know


class BrokerForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when run
    """The password is taken and never given."""

    password = forms.CharField(
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text="Never shown. Empty keeps the stored one, unless host, port or TLS change: then it is forgotten.",
    )
    username = forms.CharField(
        required=False, max_length=255, widget=forms.TextInput(attrs={"autocomplete": "off", "class": "vTextField"})
    )
    forget_password = forms.BooleanField(required=False, help_text="Sign in without a password from now on.")

    class Meta:
        model = Broker
        fields = ["name", "kind", "host", "port", "tls", "ca", "username", "password", "protocol", "database", "sasl"]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("password"):
            given["password"] = encrypt(given["password"])
        else:
            given["password"] = "" if given.get("forget_password") else self.instance.password
        return given


@admin.register(Broker)
class BrokerAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when run
    form = BrokerForm
    list_display = ["name", "address", "tls", "state_now", "state_since", "last_error"]
    list_filter = ["state"]
    readonly_fields = ["has_password", "state_now", "state_since", "last_error", "backlog"]
    fieldsets = [
        (None, {"fields": ["name", "kind", ("host", "port"), "tls", "ca", "protocol", "database"]}),
        ("Sign-in", {"fields": ["username", "has_password", "password", "forget_password", "sasl"]}),
        ("Connection", {"fields": ["state_now", "state_since", "last_error", "backlog"]}),
    ]
    actions = ["test"]

    @admin.display
    def address(self, broker: Broker) -> str:
        return f"{broker.host}:{broker.port}"

    @admin.display(description="state", ordering="state")
    def state_now(self, broker: Broker) -> str:
        return broker.state_now

    @admin.display(boolean=True, description="password stored")
    def has_password(self, broker: Broker) -> bool:
        return bool(broker.password)

    @admin.action(description="Test connection", permissions=["change"])
    def test(self, request: HttpRequest, queryset: "QuerySet[Broker]") -> None:
        for broker in queryset:
            self._test(request, broker)

    def response_change(self, request: HttpRequest, obj: Broker) -> HttpResponse:
        if "_test" in request.POST:
            self._test(request, obj)
            return HttpResponseRedirect(request.path)
        return super().response_change(request, obj)

    def _test(self, request: HttpRequest, broker: Broker) -> None:
        broker.refresh_from_db()
        problem = test_connection(broker, TEST_TIMEOUT_S)
        if problem is None:
            self.message_user(request, f"{broker}: connected and signed in.", messages.SUCCESS)
        else:
            self.message_user(request, f"{broker}: {problem}", messages.ERROR)


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when run
    """Rows that are looked at and never touched. Long lists are counted up to a bound only."""

    actions: Any = None
    show_full_result_count = False
    list_per_page = 50

    def get_paginator(self, request: HttpRequest, queryset: Any, *args: Any, **kwargs: Any) -> "Paginator[Any]":
        return BoundedPaginator(queryset, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts at most so many rows: a log may hold millions."""

    @property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows[:COUNTED].count()


@admin.register(Stream)
class StreamAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when run
    list_display = ["name", "broker", "topic", "log_link", "enabled", "connection", "received", "stored", "rejected"]
    list_filter = ["enabled", ("archived_at", admin.EmptyFieldListFilter), "broker", "format"]
    list_select_related = ["broker", "log"]
    search_fields = ["slug", "name", "topic"]
    readonly_fields = ["connection", "archived_at", "log_link", "refused", *COUNTS]
    fieldsets = [
        (None, {"fields": ["name", "slug", "broker", "topic", "qos", "enabled", "archived_at"]}),
        ("Payload", {"fields": ["format", "mapping", "options", "log", "log_link"]}),
        ("Recorded", {"fields": ["connection", *COUNTS, "refused"]}),
    ]
    actions = ["start", "stop"]

    @admin.display(description="connection")
    def connection(self, stream: Stream) -> str:
        broker = stream.broker
        return f"{broker.state_now}: {broker.last_error}" if broker.last_error else broker.state_now

    @admin.display(description="recorded into")
    def log_link(self, stream: Stream) -> str:
        return _log_link(stream.log) if stream.log else "one log per process name"

    @admin.display(description="refused messages")
    def refused(self, stream: Stream) -> SafeString | str:
        if not stream.pk:
            return ""
        url = f"{reverse('admin:streams_rejection_changelist')}?stream__id__exact={stream.pk}"
        return format_html('<a href="{}">{} refused</a>', url, stream.rejected)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Stream | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ["name"]}

    def get_readonly_fields(self, request: HttpRequest, obj: Stream | None = None) -> Any:
        if obj is not None and obj.archived_at is not None:
            return [name for _, options in self.fieldsets for name in options["fields"]]
        return self.readonly_fields

    @admin.action(description="Start", permissions=["change"])
    def start(self, request: HttpRequest, queryset: "QuerySet[Stream]") -> None:
        for stream in queryset:
            try:
                with setup_lock():
                    stream.enabled = True
                    stream.full_clean()
                    stream.save(update_fields=["enabled"])
            except ValidationError as error:
                self.message_user(request, f"{stream}: {' '.join(error.messages)}", messages.ERROR)
            else:
                self.message_user(request, f"{stream} records.", messages.SUCCESS)

    @admin.action(description="Stop", permissions=["change"])
    def stop(self, request: HttpRequest, queryset: "QuerySet[Stream]") -> None:
        for stream in queryset:
            stream.enabled = False
            stream.save(update_fields=["enabled"])
            self.message_user(request, f"{stream} is stopped.", messages.SUCCESS)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        said = [f"{stream}: {'archived' if stream.received else 'deleted'}" for stream in objs]
        return said, {"streams": len(said)}, set(), []  # the stock look-up would read every event

    def delete_model(self, request: HttpRequest, obj: Stream) -> None:
        if remove_stream(obj):
            self.message_user(request, f"{obj} has recorded messages: it was archived.", messages.WARNING)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Stream]") -> None:
        for stream in queryset:
            self.delete_model(request, stream)


@admin.register(Republish)
class RepublishAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when run
    list_display = ["log", "broker", "topic", "enabled", "seq", "last_error"]
    list_select_related = ["log", "broker"]
    fields = ["log", "broker", "topic", "partitions", "enabled", "seq", "last_error"]
    readonly_fields = ["seq", "last_error"]


@admin.register(EventLog)
class EventLogAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when run
    list_display = ["name", "slug", "stored", "first_at", "last_at", "last_received_at", "map", "events"]
    search_fields = ["slug", "name"]
    readonly_fields = [
        *("stored", "retired_events", "first_at", "last_at", "last_received_at", "archived_at"),
        *("opened_by", "map", "events"),
    ]
    list_filter = [("archived_at", admin.EmptyFieldListFilter)]
    actions = ["archive"]

    @admin.action(description="Archive: take no more events", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: "QuerySet[EventLog]") -> None:
        for log in queryset:
            try:
                archive(log)
            except Conflict as error:
                self.message_user(request, str(error.detail), messages.ERROR)
            else:
                self.message_user(request, f"{log} is archived.", messages.SUCCESS)

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)  # one at a time, and only what holds nothing
        return actions

    @admin.display
    def map(self, log: EventLog) -> SafeString | str:
        return format_html('<a href="/logs/{}/">map</a>', log.slug) if log.pk else ""

    @admin.display
    def events(self, log: EventLog) -> SafeString | str:
        url = f"{reverse('admin:streams_event_changelist')}?log__id__exact={log.pk}"
        return format_html('<a href="{}">events</a>', url) if log.pk else ""

    def get_prepopulated_fields(self, request: HttpRequest, obj: EventLog | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ["name"]}

    def has_delete_permission(self, request: HttpRequest, obj: EventLog | None = None) -> bool:
        """What was recorded stays: only a log that holds nothing can go."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and obj is not None and not obj.stored and not obj.streams.exists()


def _log_link(log: EventLog) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:streams_eventlog_change", args=[log.pk]), log)


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ["seq", "log", "case", "activity", "at", "received_at", "stream"]
    list_filter = ["log"]
    list_select_related = ["log", "stream"]
    search_fields = ["=case"]
    search_help_text = "A whole case id"
    ordering = ["-id"]


@admin.register(Rejection)
class RejectionAdmin(ReadOnly):
    """Read-only, but for one thing: a message may be tried again."""

    list_display = ["received_at", "stream", "reason", "detail", "topic", "retried_at"]
    list_filter = ["stream", "reason", ("retried_at", admin.EmptyFieldListFilter)]
    list_select_related = ["stream"]
    fields = ["received_at", "stream", "imported", "reason", "detail", "topic", "payload_text", "retried_at"]
    readonly_fields = ["payload_text"]
    actions = ["retry"]

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("streams.change_stream")

    @admin.action(description="Try again, as the stream reads now", permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: "QuerySet[Rejection]") -> None:
        done = retry(queryset)
        mended = sum(one.status == "mended" for one in done)
        self.message_user(request, f"{mended} mended, {len(done) - mended} refused again.", messages.SUCCESS)
        for one in [one for one in done if one.status == "rejected"][:5]:
            self.message_user(request, f"{one.reason}: {one.detail}", messages.WARNING)

    @admin.display(description="payload")
    def payload_text(self, rejection: Rejection) -> SafeString:
        return format_html("<pre>{}</pre>", bytes(rejection.payload).decode(errors="backslashreplace"))

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Rejection]":
        found: QuerySet[Rejection] = super().get_queryset(request)
        return found if request.resolver_match and request.resolver_match.kwargs else found.defer("payload")
