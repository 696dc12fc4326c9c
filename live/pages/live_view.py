"""The live view of a log."""

import json
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse

from foundation.numbers import whole_number
from foundation.pages.scripts import modules
from models_mining.core.drawing import notation
from models_mining.mined_models.picture_svg import draw, tables
from models_mining.mined_models.queries import default_model
from models_mining.mined_models.watching import watch
from models_mining.models import MinedModel
from models_mining.models.places import MapPlaces
from streams.access.logs import logs_of
from streams.models import EventLog
from streams.pages.log_pages import log_or_404, render_log

STATE_ICONS = ("radio", "pause", "play", "refresh-cw", "hourglass", "triangle-alert", "lock")
FILES = {"svg": "Picture, SVG", "bpmn": "BPMN", "pnml": "PNML", "ptml": "PTML", "dot": "DOT", "json": "JSON"}
WAITS = "This model is being mined: reload in a moment."


@login_required
def log(request: HttpRequest, slug: str) -> HttpResponse:
    """The live view of a log, of the model ``?model=`` (or its default one); without scripts its newest picture."""
    found = log_or_404(request, slug)
    model = _wanted(request, found)
    picture = model.picture if model else None
    context: dict[str, Any] = {
        "state_icons": STATE_ICONS,
        "modules": modules("socket/open.js", "page/page.js"),
        "may_change": logs_of(request.user, None, "change").filter(pk=found.pk).exists(),
        "model": model,
        "places": _places(request, model),
        "models": MinedModel.objects.filter(log=found).defer("picture", "definition"),
        "words": _words(model),
        "downloads": _downloads(found, model),
    }
    if model and not picture:
        watch([model.pk])
    if picture and picture["nodes"]:
        context |= {"drawing": draw(picture), "tables": tables(picture)}
    return render_log(request, "live/live_view.html", found, context)


def _wanted(request: HttpRequest, log: EventLog) -> MinedModel | None:
    asked = request.GET.get("model", "")
    if not asked:
        return default_model(log)
    return MinedModel.objects.filter(log=log, pk=whole_number(asked) or 0).first() or default_model(log)


def _places(request: HttpRequest, model: MinedModel | None) -> str:
    """Where the person put the boxes of the model, which the map needs before all else, as JSON."""
    row = MapPlaces.objects.filter(model=model, user=cast("User", request.user)).first()
    return json.dumps({"model": model.pk if model else None, "places": row.places if row else {}})


def _words(model: MinedModel | None) -> str:
    """What there is to know of the picture: that there is none yet, why, what it leaves out."""
    if model is None:
        return ""
    if model.error:
        return model.error
    return " ".join(model.picture["remarks"]) if model.picture else WAITS


def _downloads(log: EventLog, model: MinedModel | None) -> list[dict[str, str]]:
    """Files of the model, where it has a picture, and of the events."""
    links = []
    if model and model.picture:
        export = reverse("model-export", args=[model.pk])
        forms = notation.forms_of(model.picture["kind"], net=bool(model.definition))
        links = [{"url": f"{export}?as={form}", "word": FILES[form]} for form in forms]
    events = reverse("export", args=[log.slug])
    return [*links, *({"url": f"{events}?as={form}", "word": f"Events, {form.upper()}"} for form in ("xes", "csv"))]


urlpatterns = [path("logs/<slug:slug>/", log, name="log")]
