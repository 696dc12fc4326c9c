"""The live view of a log."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from live.pages.common import log_or_404, render_log
from live.queries import default_model
from live.svg import draw, tables

STATE_ICONS = ("radio", "pause", "play", "refresh-cw", "hourglass", "triangle-alert", "lock")


@login_required
def log(request: HttpRequest, slug: str) -> HttpResponse:
    """The live view of a log; without scripts its newest picture."""
    found = log_or_404(request, slug)
    model = default_model(found)
    picture = model.picture if model else None
    context: dict[str, object] = {"state_icons": STATE_ICONS}
    if model and picture and picture["nodes"] and model.algorithm == "dfg":  # others have no drawing here yet
        context |= {"drawing": draw(picture), "tables": tables(picture)}
    return render_log(request, "live/log.html", found, context)


urlpatterns = [path("logs/<slug:slug>/", log, name="log")]
