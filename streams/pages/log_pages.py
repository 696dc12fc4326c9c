"""What the pages of a log share: who may see it, its tabs, one page of a long list."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from rest_framework.request import Request

from streams.access.logs import logs_of
from streams.models import EventLog

# What there is to see of a log: name of the route, word.
TABS = (
    ("log", "Live"),
    ("cases", "Cases"),
    ("variants", "Variants"),
    ("statistics-page", "Statistics"),
    ("conformance-page", "Conformance"),
    ("drift-page", "Drift"),
    ("predictions-page", "Predictions"),
)
LIST = 50


def log_or_404(request: HttpRequest, slug: str) -> EventLog:
    """The log of this slug; one that this person may not view is not there."""
    return get_object_or_404(logs_of(request.user), slug=slug)


def render_log(request: HttpRequest, template: str, log: EventLog, context: dict[str, Any]) -> HttpResponse:
    """A page of a log, a template that extends streams/log_page.html."""
    tabs = [{"word": word, "url": reverse(name, args=[log.slug])} for name, word in TABS]
    here = max((tab["url"] for tab in tabs if request.path.startswith(tab["url"])), key=len, default="")
    context = {"log": log, "tabs": [{**tab, "here": tab["url"] == here} for tab in tabs], **context}
    return render(request, template, context)


def as_api(request: HttpRequest) -> Request:
    """The request as the API's serializers want it: of whoever is signed in, with all that he may do."""
    asked = Request(request)
    asked.user, asked.auth = request.user, None
    return asked


def page_of(request: HttpRequest, rows: "QuerySet[Any] | list[Any]", size: int = LIST) -> "Page[Any]":
    """The page that ``?page=`` asks for; the nearest one where there is no such page."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
