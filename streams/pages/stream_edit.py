"""Changing a stream, with what its refused messages would give now; saved, they are retried."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse

from foundation.access import holds
from streams.access.logs import rejections_of
from streams.models import Rejection, Stream
from streams.pages.messages import shown
from streams.pages.rejections import retry_said
from streams.pages.stream_rows import waiting
from streams.pages.streams import need, stream_or_404
from streams.recording.previews import KEPT, previews, refused
from streams.rejections.reasons import explain
from streams.setup import guessing
from streams.setup.forms import StreamForm
from streams.setup.registration import refuse_archived


@login_required
def stream_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Edit; with ``?reason=`` to mend what was refused for it. Nothing changes before it is saved."""
    need(request, "view_stream", "change_stream")
    stream = stream_or_404(slug)
    refuse_archived(stream)
    reason = request.GET.get("reason", "")
    rows = _rows(request, stream, reason)
    form = StreamForm(request.POST or None, stream=stream, user=request.user)
    if not form.is_valid() or request.POST.get("do") == "preview" or form.save() is None:
        return _render(request, form, rows, reason)
    messages.success(request, f"{form.stream.name} is saved; it reads so within two seconds.")
    if request.POST.get("do") == "retry":
        retry_said(request, rows)
        return redirect("stream-rejections", slug)
    return redirect("stream", slug)


def _rows(request: HttpRequest, stream: Stream, reason: str) -> "QuerySet[Rejection]":
    """The refused messages that are to be mended, as far as this person may see them."""
    if not holds(request.user, "streams.view_rejection"):
        return Rejection.objects.none()
    rows = rejections_of(request.user).filter(stream=stream)
    return rows.filter(retried_at=None, reason=reason) if reason else waiting(rows)


def _render(request: HttpRequest, form: StreamForm, rows: "QuerySet[Rejection]", reason: str) -> HttpResponse:
    newest = refused(list(rows.order_by("-id")[:KEPT]))
    read = previews(form.stream, newest) if form.readable else None
    slug = form.stream.slug
    context: dict[str, Any] = {
        "stream": form.stream,
        "broker": form.stream.broker,
        "form": form,
        "fields": guessing.pointers(newest),
        "messages_seen": shown(read) if read is not None else None,
        "count": len(newest),
        "good": sum(one.event is not None for one in read or ()),
        "waiting": rows.count(),
        "reason": reason,
        "why": explain(reason) if reason else None,
        "back": reverse("stream-rejections" if reason else "stream", args=[slug]),
    }
    return render(request, "streams/stream_edit.html", context)


urlpatterns = [path("streams/<slug:slug>/edit/", stream_edit, name="stream-edit")]
