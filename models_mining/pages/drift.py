"""Changes of the process that were found in a log: /logs/SLUG/drift/."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from foundation.drawing.layered import TooLargeError
from foundation.pages.requests import page_of
from models_mining.core.drift.detector import WARM_UP
from models_mining.mined_models.queries import default_model
from models_mining.models import DriftChange
from models_mining.pages import drift_words
from models_mining.pages.analysis import Progress, analysis_of, may_change
from models_mining.pages.change_map import Map, change_map
from streams.models import EventLog
from streams.pages.log_pages import log_or_404, render_log

PAGE = 5  # changes, each with a picture


@dataclass(frozen=True)
class Watching:
    """What the detector does: ``paths`` it compares, ``since`` when, how many steps are left to warm up."""

    paths: int
    since: datetime | None
    warming: int


@login_required
def drift(request: HttpRequest, slug: str) -> HttpResponse:
    """Changes, the newest first, and how it stands now."""
    log = log_or_404(request, slug)
    changes = DriftChange.objects.filter(log=log).defer("before", "after").order_by("-seq")
    page = page_of(request, changes, PAGE)
    analysis = analysis_of(log)
    newest = changes.first()
    context = {
        "page": page,
        "changes": [_told(change) for change in page],
        "newest": newest,
        "analysis": analysis,
        "watching": _watching(log, analysis, newest),
        "sensitivity": drift_words.SENSITIVITY,
        "may_change": may_change(request, log),
    }
    return render_log(request, "models_mining/drift/page.html", log, context)


def _told(change: DriftChange) -> dict[str, Any]:
    edges, took = change.edges, change.duration
    return {
        "row": change,
        "headline": drift_words.headline(edges, took),
        "said": drift_words.said_of(edges, took),
        "size": drift_words.size(edges, took),
        "certainty": drift_words.certainty(edges),
        "delay": change.seq - change.began_seq,
        "map": _drawn(change.pk) if edges else None,
        "replay": urlencode(
            {
                "replay_from": change.began_received_at.isoformat(),
                "replay_to": change.received_at.isoformat(),
                "replay_at": change.began_received_at.isoformat(),
            }
        ),
    }


@lru_cache(maxsize=128)
def _drawn(pk: int) -> Map | None:
    """The picture of a change, which never changes; None if it is too large."""
    change = DriftChange.objects.get(pk=pk)
    try:
        return change_map(change.before, change.after, change.edges)
    except TooLargeError:
        return None


def _watching(log: EventLog, analysis: Progress, newest: DriftChange | None) -> Watching:
    """The paths that are watched are those of the log's graph, beginnings and ends of cases too."""
    model = default_model(log)
    picture: Any = model.picture if model and model.algorithm == "dfg" else None
    paths = 0
    if picture:
        ends = sum(bool(node["starts"]) + (node["ends"] > node["open"]) for node in picture["nodes"])
        paths = len(picture["edges"]) + ends
    since = newest.began_at if newest else log.first_at
    return Watching(paths, since, max(0, WARM_UP - analysis.seq))


urlpatterns = [path("logs/<slug:slug>/drift/", drift, name="drift-page")]
