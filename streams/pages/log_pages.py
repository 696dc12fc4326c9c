"""The pages of a log: who may see it, and its tabs."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from streams.access.logs import logs_of
from streams.models import EventLog
from streams.pages.tabs import tabs


def log_or_404(request: HttpRequest, slug: str) -> EventLog:
    """The log of this slug; one that this person may not view is not there."""
    return get_object_or_404(logs_of(request.user), slug=slug)


def render_log(request: HttpRequest, template: str, log: EventLog, context: dict[str, Any]) -> HttpResponse:
    """A page of a log, a template that extends streams/log_page.html."""
    shown = [{"word": word, "url": reverse(route, args=[log.slug])} for route, word in tabs()]
    here = max((tab["url"] for tab in shown if request.path.startswith(tab["url"])), key=len, default="")
    context = {"log": log, "tabs": [{**tab, "here": tab["url"] == here} for tab in shown], **context}
    return render(request, template, context)
