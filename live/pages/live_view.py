"""The live view of a log."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.safestring import SafeString

from foundation.cost_cache import CostCache
from foundation.drawing.layered import TooLargeError
from foundation.numbers import whole_number
from foundation.pages.scripts import modules
from models_mining.core.drawing import notation
from models_mining.mined_models.picture_svg import MOST_ROWS, drawn_part, tables
from models_mining.mined_models.pictures import Picture
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


@dataclass(frozen=True)
class _Map:
    """A picture drawn as SVG, empty where it is too large, and the numbers of nodes and edges that are drawn."""

    svg: SafeString
    nodes: int
    edges: int


_maps: CostCache[_Map] = CostCache()


@login_required
def log(request: HttpRequest, slug: str) -> HttpResponse:
    """The live view of a log, of the model ``?model=`` (or its default one); without scripts its newest picture."""
    found = log_or_404(request, slug)
    model = _wanted(request, found)
    picture = model.picture if model else None
    drawing = _map(found, model) if model and picture and picture["nodes"] else None
    context: dict[str, Any] = {
        "state_icons": STATE_ICONS,
        "modules": modules("socket/open.js", "page/page.js"),
        "may_change": logs_of(request.user, None, "change").filter(pk=found.pk).exists(),
        "model": model,
        "places": _places(request, model),
        "models": MinedModel.objects.filter(log=found).defer("picture", "definition"),
        "words": _words(model, drawing),
        "downloads": _downloads(found, model, drawing),
    }
    if model and not picture:
        watch([model.pk])
    if picture and drawing:
        context |= {"drawing": drawing.svg, "tables": tables(picture)}
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


def _map(log: EventLog, model: MinedModel) -> _Map:
    """The picture of a model as SVG; of one that is expensive to draw, an older one (`CostCache`)."""
    picture = cast("Picture", model.picture)

    def make() -> _Map:
        try:
            drawing, part = drawn_part(picture)
        except TooLargeError:
            return _Map(SafeString(), 0, 0)
        svg = render_to_string("models_mining/picture.svg", {"log": log, "drawing": drawing})
        return _Map(svg, len(part["nodes"]), len(part["edges"]))

    return _maps.get(model.pk, (model.epoch, model.version, log.name), make).value


def _words(model: MinedModel | None, drawing: _Map | None) -> str:
    """What there is to know of the picture: that there is none yet, why, what it leaves out."""
    if model is None:
        return ""
    if model.error:
        return model.error
    if not model.picture:
        return WAITS
    return " ".join([*model.picture["remarks"], *_left_out(model.picture, drawing)])


def _left_out(picture: Picture, drawing: _Map | None) -> Iterator[str]:
    """What is not on the page of a large picture, and where it is."""
    nodes, edges = len(picture["nodes"]), len(picture["edges"])
    if drawing is None:
        return
    if not drawing.svg:
        yield f"{nodes:,} nodes and {edges:,} edges are too many to be drawn; the tables and the JSON file have them."
    elif drawing.nodes < nodes or drawing.edges < edges:
        yield (
            f"The map shows {drawing.nodes:,} of {nodes:,} activities and {drawing.edges:,} of {edges:,} paths, "
            "the most frequent ones; the tables and the JSON file have all."
        )
    for number, word in ((nodes, "activities"), (edges, "paths")):
        if number > MOST_ROWS:
            yield f"{MOST_ROWS:,} of {number:,} {word} are listed in the table; the JSON file has all."


def _downloads(log: EventLog, model: MinedModel | None, drawing: _Map | None) -> list[dict[str, str]]:
    """Files of the model, where it has a picture, and of the events."""
    links = []
    if model and model.picture:
        export = reverse("model-export", args=[model.pk])
        whole = drawing is None or drawing.edges == len(model.picture["edges"])
        forms = notation.forms_of(model.picture["kind"], net=bool(model.definition))
        forms = [form for form in forms if form != "svg" or whole]
        links = [{"url": f"{export}?as={form}", "word": FILES[form]} for form in forms]
    events = reverse("export", args=[log.slug])
    return [*links, *({"url": f"{events}?as={form}", "word": f"Events, {form.upper()}"} for form in ("xes", "csv"))]


urlpatterns = [path("logs/<slug:slug>/", log, name="log")]
