"""The pages of streams: all of them with their brokers, and one; starting, stopping, archiving, listening."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from foundation.access import holds
from foundation.drawing.sparkline import CHART
from foundation.pages.refusals import sentences
from streams.access.logs import logs_of, rejections_of
from streams.brokers.listening import LISTEN_S
from streams.models import Broker, Stream
from streams.pages import stream_rows
from streams.pages.attempts import listened
from streams.pages.messages import shown
from streams.recording.previews import previews
from streams.setup import explaining
from streams.setup.registration import COUNTS, AnyLogError, remove_stream, start_stream, stop_stream

MEANINGS = {
    "received": "messages that came",
    "stored": "events stored",
    "duplicates": "came before, stored once",
    "rejected": "refused and kept",
    "ignored": "no events by convention",
    "mended": "refused first, stored later",
}


def need(request: HttpRequest, *permissions: str) -> None:
    """PermissionDenied unless this person has all of them."""
    if not all(holds(request.user, f"streams.{permission}") for permission in permissions):
        raise PermissionDenied


def stream_or_404(slug: str) -> Stream:
    """The stream of this slug, with its broker and log."""
    return get_object_or_404(Stream.objects.select_related("broker", "log"), slug=slug)


@login_required
def streams(request: HttpRequest) -> HttpResponse:
    """Brokers and their streams."""
    need(request, "view_stream")
    archived = request.GET.get("archived") == "1"
    context = {
        "brokers": stream_rows.broker_rows(request.user, archived=archived),
        "archived": archived,
        "some_archived": Stream.objects.exclude(archived_at=None).exists(),
        "sees_brokers": holds(request.user, "streams.view_broker"),
    }
    return render(request, "streams/streams.html", context)


@login_required
def stream(request: HttpRequest, slug: str) -> HttpResponse:
    """One stream: how it is, how it reads, what it brought."""
    need(request, "view_stream")
    return render(request, "streams/stream.html", _about(request, stream_or_404(slug)))


def _about(request: HttpRequest, found: Stream) -> dict[str, Any]:
    (row,) = stream_rows.stream_rows(request.user, [found])
    (example,) = shown(previews(found, [explaining.example(found, timezone.now())]))
    context: dict[str, Any] = {
        "row": row,
        "stream": found,
        "counts": [(name, MEANINGS[name], getattr(found, name)) for name in COUNTS],
        "parts": explaining.explain(found),
        "example": example if example.event else None,
        "chart": stream_rows.rate_chart(row.logs),
        "chart_size": CHART,
        "shares": any(log.streams.exclude(pk=found.pk).exists() for log in row.logs),
        "events": stream_rows.newest_events(found, row.logs),
        "sees_broker": holds(request.user, "streams.view_broker"),
        "sees_log": _sees_log(request, found),
        "listen_s": int(LISTEN_S),
    }
    if holds(request.user, "streams.view_rejection"):
        context["groups"] = stream_rows.groups(rejections_of(request.user).filter(stream=found))
    return context


def _sees_log(request: HttpRequest, found: Stream) -> bool:
    """Whether this person may view where its events go."""
    if found.log is None:
        return holds(request.user, "streams.view_eventlog")
    return logs_of(request.user).filter(pk=found.log.pk).exists()


@login_required
@require_POST
def switch(request: HttpRequest, slug: str) -> HttpResponse:
    """Start or stop recording."""
    need(request, "change_stream")
    found = stream_or_404(slug)
    if request.POST.get("do") != "start":
        stop_stream(found)
        messages.success(request, f"{found.name} is stopped. Its events stay.")
        return redirect("stream", slug)
    try:
        start_stream(found, request.user)
    except (AnyLogError, ValidationError) as error:
        messages.error(request, f"{found.name} cannot be started. {sentences(error)}")
    else:
        messages.success(request, f"{found.name} records, within two seconds.")
    return redirect("stream", slug)


@login_required
def archive(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask, then end a stream for good; one that never received anything is deleted."""
    need(request, "delete_stream")
    found = stream_or_404(slug)
    if request.method != "POST":
        return render(request, "streams/stream_archive.html", {"stream": found})
    kept = remove_stream(found)
    messages.success(
        request, f"{found.name} is archived." if kept else f"{found.name} is deleted: it had received nothing."
    )
    return redirect("stream", slug) if kept else redirect("streams")


@login_required
@require_POST
def stream_listen(request: HttpRequest, slug: str) -> HttpResponse:
    """Look at what comes now, beside the recording, and at what is read out of it."""
    need(request, "view_stream", "change_stream")
    found = stream_or_404(slug)
    if not _sees_log(request, found):
        raise Http404  # it would show what is meant for that log
    partitions = int(found.options.get("partitions", 1))
    topic = found.filter if found.broker.kind == Broker.Kind.MQTT else found.topic
    heard, problem = listened(request, found.broker, topic, partitions)
    context = {
        "stream": found,
        "listen_s": int(LISTEN_S),
        "problem": problem,
        "messages_seen": shown(previews(found, heard)),
        "count": len(heard),
    }
    return render(request, "streams/stream_listen.html", context)


urlpatterns = [
    path("streams/", streams, name="streams"),
    path("streams/<slug:slug>/", stream, name="stream"),
    path("streams/<slug:slug>/switch/", switch, name="stream-switch"),
    path("streams/<slug:slug>/archive/", archive, name="stream-archive"),
    path("streams/<slug:slug>/listen/", stream_listen, name="stream-listen"),
]
