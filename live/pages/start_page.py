"""The start page: a card per log."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from foundation.access import holds
from foundation.drawing.sparkline import CHART
from live.pages.cards import cards
from streams.access.logs import logs_of


@login_required
def logs(request: HttpRequest) -> HttpResponse:
    """A card per log; without any, how to begin."""
    context = {
        "cards": cards(logs_of(request.user)),
        "allowed": holds(request.user, "streams.view_eventlog"),
        "chart": CHART,
        "address": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "live/start_page.html", context)


urlpatterns = [path("", logs, name="logs")]
