"""Streams, logs, events and refused messages in Django's admin."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from foundation.access import holds
from foundation.errors import DomainError
from foundation.pages.refusals import sentences
from streams.access.log_admin import LogChoices, OfLogs
from streams.access.logs import logs_of, rejections_of
from streams.events.removal import archive, delete_empty
from streams.models import Event, EventLog, Rejection, Republish, Stream
from streams.recording.health import of_stream, reasons
from streams.recording.retry import retry_oldest
from streams.setup import broker_admin  # noqa: F401  registers the other half
from streams.setup.registration import COUNTS, remove_stream, save_stream, start_stream, stop_stream

COUNTED = 10_000  # rows that a long list counts; more it does not need to know


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
    """Streams are seen by the model's permission alone, not by that for their log."""

    list_display = ["name", "broker", "topic", "log_link", "enabled", "connection", "received", "stored", "rejected"]
    list_filter = ["enabled", ("archived_at", admin.EmptyFieldListFilter), "broker", "format"]
    list_select_related = ["broker", "log"]
    search_fields = ["slug", "name", "topic"]
    readonly_fields = ["connection", "advice", "flow", "archived_at", "log_link", "refused", *COUNTS]
    fieldsets = [
        (None, {"fields": ["name", "slug", "broker", "topic", "qos", "enabled", "archived_at"]}),
        ("Payload", {"fields": ["format", "mapping", "options", "log", "log_link"]}),
        ("Recorded", {"fields": ["connection", "advice", "flow", *COUNTS, "refused"]}),
    ]
    actions = ["start", "stop"]

    @admin.display(description="connection")
    def connection(self, stream: Stream) -> str:
        health = of_stream(stream)
        return " ".join(filter(None, (f"{health.state}:" if health.last_error else health.state, health.last_error)))

    @admin.display(description="what to do")
    def advice(self, stream: Stream) -> str:
        return of_stream(stream).advice if stream.pk else ""

    @admin.display(description="messages/s, waiting here, at the broker")
    def flow(self, stream: Stream) -> str:
        if not stream.pk:
            return ""
        health = of_stream(stream)
        backlog = "?" if health.backlog is None else health.backlog
        return f"{health.rate_per_s}/s, {health.lag_s} s, {backlog}"

    @admin.display(description="recorded into")
    def log_link(self, stream: Stream) -> str:
        return _log_link(stream.log) if stream.log else "one log per process name"

    @admin.display(description="refused messages")
    def refused(self, stream: Stream) -> SafeString | str:
        if not stream.pk:
            return ""
        url = f"{reverse('admin:streams_rejection_changelist')}?stream__id__exact={stream.pk}"
        why = ", ".join(f"{count} {reason}" for reason, count in reasons(stream).items())
        kept = stream.rejections.filter(retried_at=None).exclude(reason="ignored").count()
        older = f"(older ones were dropped, {kept} are kept)" if kept < stream.rejected else ""
        return format_html('<a href="{}">{} refused</a> {} {}', url, stream.rejected, older, why)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "log":
            kwargs["queryset"] = logs_of(request.user, None, "ingest")
            kwargs["required"] = not holds(request.user, "streams.ingest_eventlog")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

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
                start_stream(stream, request.user)
            except (DomainError, ValidationError) as error:
                self.message_user(request, f"{stream}: {sentences(error)}", messages.ERROR)
            else:
                self.message_user(request, f"{stream} records.", messages.SUCCESS)

    @admin.action(description="Stop", permissions=["change"])
    def stop(self, request: HttpRequest, queryset: "QuerySet[Stream]") -> None:
        for stream in queryset:
            stop_stream(stream)
            self.message_user(request, f"{stream} is stopped.", messages.SUCCESS)

    def save_model(self, request: HttpRequest, obj: Stream, form: Any, change: bool) -> None:
        save_stream(obj, request.user, **form.cleaned_data)

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
class RepublishAdmin(OfLogs):
    log_action = "view"
    list_display = ["log", "broker", "topic", "enabled", "seq", "last_error"]
    list_select_related = ["log", "broker"]
    fields = ["log", "broker", "topic", "partitions", "enabled", "seq", "last_error"]
    readonly_fields = ["seq", "last_error"]


@admin.register(EventLog)
class EventLogAdmin(OfLogs):
    log_path = "pk"
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
            except DomainError as error:
                self.message_user(request, str(error), messages.ERROR)
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

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """What was recorded stays: only a log that holds nothing can go."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and isinstance(obj, EventLog) and not obj.stored and not obj.streams.exists()

    def delete_model(self, request: HttpRequest, obj: EventLog) -> None:
        delete_empty(obj)


def _log_link(log: EventLog) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:streams_eventlog_change", args=[log.pk]), log.slug)


@admin.register(Event)
class EventAdmin(OfLogs, ReadOnly):
    list_display = ["seq", "log", "case", "activity", "at", "received_at", "stream"]
    list_filter = [("log", LogChoices)]
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
        done = retry_oldest(queryset)
        left = f" {done.left} more wait: retry again." if done.left else ""
        self.message_user(request, f"{done.mended} mended, {done.rejected} refused again.{left}", messages.SUCCESS)
        for one in [one for one in done.results if one.status == "rejected"][:5]:
            self.message_user(request, f"{one.reason}: {one.detail}", messages.WARNING)

    @admin.display(description="payload")
    def payload_text(self, rejection: Rejection) -> SafeString:
        return format_html("<pre>{}</pre>", bytes(rejection.payload).decode(errors="backslashreplace"))

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Rejection]":
        seen = rejections_of(request.user)
        found: QuerySet[Rejection] = super().get_queryset(request) & seen
        return found if request.resolver_match and request.resolver_match.kwargs else found.defer("payload")
