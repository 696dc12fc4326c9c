"""The HTML pages. They translate; what they show comes from `live.cards`, `live.queries` and `live.svg`."""

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from live.cards import CHART, cards
from live.queries import default_model
from live.svg import draw, tables
from streams.access import holds, logs_of
from streams.models import EventLog

STATE_ICONS = ("radio", "pause", "play", "refresh-cw", "hourglass", "triangle-alert", "lock")


def _visible(request: HttpRequest) -> QuerySet[EventLog]:
    """The logs this person may view."""
    return logs_of(request.user)


def _now_ms() -> int:
    return int(timezone.now().timestamp() * 1000)


@login_required
def logs(request: HttpRequest) -> HttpResponse:
    """Start page: a card per log."""
    return render(request, "live/logs.html", _logs_context(request))


@login_required
def log_cards(request: HttpRequest) -> HttpResponse:
    """The cards alone, with which the start page keeps itself up to date."""
    answer = render(request, "live/cards.html", _logs_context(request))
    answer["X-Now"] = str(_now_ms())
    answer["Cache-Control"] = "no-store"
    return answer


def _logs_context(request: HttpRequest) -> dict[str, object]:
    return {
        "cards": cards(_visible(request)),
        "allowed": holds(request.user, "streams.view_eventlog"),
        "chart": CHART,
        "now": _now_ms(),
        "address": request.build_absolute_uri("/").rstrip("/"),
    }


@login_required
def log(request: HttpRequest, slug: str) -> HttpResponse:
    """The live view of a log; without scripts its newest picture."""
    found = get_object_or_404(_visible(request), slug=slug)
    model = default_model(found)
    picture = model.picture if model else None
    context = {"log": found, "now": _now_ms(), "state_icons": STATE_ICONS}
    if model and picture and picture["nodes"] and model.algorithm == "dfg":  # others have no drawing here yet
        context |= {"drawing": draw(picture), "tables": tables(picture)}
    return render(request, "live/log.html", context)
