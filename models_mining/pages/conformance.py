"""How a log agrees with its reference model: /logs/SLUG/conformance/."""

from functools import lru_cache
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db.models import Count, F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST

from foundation.drawing.layered import TooLargeError
from foundation.pages.requests import page_of
from foundation.pages.tables import MOST, Column, csv_file, sorted_by
from foundation.templatetags.figures import short
from models_mining.conformance import references
from models_mining.conformance.deviations import Deviation, cases_with, deviations_of
from models_mining.mined_models.model_svg import svg
from models_mining.models import CaseConformance, ConformancePoint, ReferenceModel
from models_mining.pages.analysis import analysis_of, changeable_or_404, may_change
from models_mining.pages.case_search import case_url
from models_mining.pages.reference_forms import FreezeForm, UploadForm, mined_now, preparing, reusable
from streams.models import EventLog
from streams.pages.log_pages import log_or_404, render_log

COLUMNS = (
    Column("case", "Case"),
    Column("closed", "State"),
    Column("what", "What does not fit", sorts=False),
    Column("count", "Deviations", number=True, down=True),
    Column("fitness", "Fitness", number=True),
    Column("length", "Events", number=True, down=True),
    Column("seq", "Newest event", number=True, down=True),
)
FILE = ("case", "state", "fits", "fitness", "deviations", "what", "events", "newest_event")
FITS = {"no": False, "yes": True, "unknown": None}
DEVIATIONS = 12  # shown; the rest opens on demand
TABLE = 60  # points of the chart in its table
TOLD = 3  # deviations told of a case in the list


@login_required
def conformance(request: HttpRequest, slug: str) -> HttpResponse:
    """The active reference model and how the cases agree with it; without one, how to begin."""
    log = log_or_404(request, slug)
    return _page(request, log)


def _page(
    request: HttpRequest,
    log: EventLog,
    *,
    upload: UploadForm | None = None,
    freeze: FreezeForm | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    rows = ReferenceModel.objects.filter(log=log).defer("source", "drawing").select_related("check_job", "log")
    known = list(rows.order_by("-active", "-id"))
    active = next((row for row in known if row.active), None)
    models = reusable(log)
    context: dict[str, Any] = {
        "may_change": may_change(request, log),
        "references": known,
        "active": active,
        "analysis": analysis_of(log),
        "upload": upload or UploadForm(),
        "freeze": freeze or FreezeForm(models=models),
        "models": models,
        "mining": preparing(log, request.GET.get("model", "")),
        "problem": problem,
    }
    if active is not None and active.state == ReferenceModel.State.READY:
        context |= _figures(active) | _cases(request, active)
    answer = render_log(request, "models_mining/conformance/page.html", log, context)
    answer.status_code = status
    return answer


# --- What there is to say -----------------------------------------------------------


def _figures(active: ReferenceModel) -> dict[str, Any]:
    """Figures now and over time, the picture, deviations by what they are."""
    points = list(ConformancePoint.objects.filter(reference=active).order_by("seq"))
    newest = points[-1] if points else None
    running = CaseConformance.objects.filter(reference=active, closed=False)
    by_verdict = dict(running.values_list("fits").annotate(n=Count("pk")))
    found = deviations_of(active)
    return {
        "newest": newest,
        "share": _share(newest),
        "running": {
            "fits": by_verdict.get(True, 0),
            "deviates": by_verdict.get(False, 0),
            "all": sum(by_verdict.values()),
        },
        "points": [_told(point) for point in points],
        "table": [(point, _told(point)) for point in reversed(points[-TABLE:])],
        "checked": CaseConformance.objects.filter(reference=active).count(),
        "deviations": found[:DEVIATIONS],
        "more_deviations": found[DEVIATIONS:],
        "drawing": _drawing(active, found),
    }


def _told(point: ConformancePoint) -> list[float | None]:
    """Moment of arrival (s), share of fitting cases, fitness, precision; shares from 0 to 1, None where unknown."""
    exact, other = point.values["exact"], point.values["pm4py"] or {}
    return [point.at.timestamp(), _share(point), exact.get("average_trace_fitness"), other.get("precision")]


def _share(point: ConformancePoint | None) -> float | None:
    if point is None or not point.values["cases"]:
        return None
    return float(point.values["fitting"] / point.values["cases"])


def _drawing(active: ReferenceModel, found: list[Deviation]) -> SafeString:
    marks: dict[str, int] = {}
    for one in found:
        if one.activity:
            marks[one.activity] = max(marks.get(one.activity, 0), one.cases)
    return _drawn(active.pk, active.name, tuple((name, f"⚠ {short(n)}") for name, n in marks.items()))


@lru_cache(maxsize=32)
def _drawn(reference: int, name: str, marks: tuple[tuple[str, str], ...]) -> SafeString:
    """The picture of a ready reference model, which never changes, with marks at activities; nothing if too large."""
    drawing: Any = ReferenceModel.objects.values_list("drawing", flat=True).get(pk=reference)
    try:
        return mark_safe(svg(drawing["nodes"], drawing["edges"], name, dict(marks)))  # noqa: S308  (texts are escaped)
    except TooLargeError:
        return SafeString()


def _cases(request: HttpRequest, active: ReferenceModel) -> dict[str, Any]:
    """The list of cases as the address asks for it."""
    key, down, heads = sorted_by(request, COLUMNS, "-seq")
    rows, chosen = _asked(request, active)
    order = F(key).desc(nulls_last=True) if down else F(key).asc(nulls_last=True)
    page = page_of(request, rows.order_by(order, "pk"))
    for row in page.object_list:
        row.url, row.what = case_url(active.log, row.case), told_of(row)[:TOLD]
        row.more = max(0, max(row.count, len(row.what)) - TOLD)
    return {"page": page, "heads": heads, "chosen": chosen}


def _asked(request: HttpRequest, active: ReferenceModel) -> "tuple[QuerySet[Any], Deviation | None]":
    """The cases that the filters of the address leave, and the deviation among them."""
    asked = request.GET
    rows = CaseConformance.objects.filter(reference=active)
    chosen = None
    if wanted := asked.get("deviation"):
        chosen = next((one for one in deviations_of(active) if one.key == wanted), None)
        rows = cases_with(rows, chosen) if chosen else rows.none()
    elif (fits := asked.get("fits", "no")) in FITS:
        rows = rows.filter(fits=FITS[fits])
    if asked.get("state") in ("open", "closed"):
        rows = rows.filter(closed=asked["state"] == "closed")
    if search := asked.get("search", "").replace("\0", ""):
        rows = rows.filter(case__icontains=search)
    return rows, chosen


def told_of(row: CaseConformance) -> list[str]:
    """What does not fit in a case, in order; rules that are pending are left out."""
    if row.breaches:
        return [one["sentence"] for one in row.breaches if not one["pending"]]
    said = [
        f"{one['activity']} (step {one['at'] + 1}) {'was not due' if one['missing'] else 'is not in the model'}"
        for one in row.deviations
    ]
    if not said and row.closed and row.fits is False:
        return ["ended before it was through the model"]
    return said


@login_required
def conformance_file(request: HttpRequest, slug: str) -> HttpResponse:
    """The cases that the page lists under the same filters, all of them, as CSV."""
    log = log_or_404(request, slug)
    active = ReferenceModel.objects.filter(log=log, active=True).first()
    if active is None:
        raise Http404("There is no active reference model.")
    rows, _ = _asked(request, active)
    words = {True: "yes", False: "no", None: "unknown"}
    return csv_file(
        f"{log.slug}-conformance",
        FILE,
        (
            {
                "case": row.case,
                "state": "closed" if row.closed else "open",
                "fits": words[row.fits],
                "fitness": row.fitness,
                "deviations": row.count,
                "what": "; ".join(told_of(row)),
                "events": row.length,
                "newest_event": row.seq,
            }
            for row in rows.order_by("-seq", "pk")[:MOST].iterator()
        ),
    )


# --- What can be done ---------------------------------------------------------------


@login_required
@require_POST
def conformance_add(request: HttpRequest, slug: str) -> HttpResponse:
    """A new reference model: a file, a mined model as it is now, or first one to be mined."""
    log = changeable_or_404(request, slug)
    what = request.POST.get("do")
    if what == "mine":
        return redirect(f"{_here(log)}?model={mined_now(log).pk}#new")
    first = not ReferenceModel.objects.filter(log=log, active=True).exists()
    if what == "freeze":
        freeze = FreezeForm(request.POST, models=reusable(log))
        if freeze.is_valid() and freeze.add(active=first):
            return redirect(_here(log))
        return _page(request, log, freeze=freeze, status=400)
    upload = UploadForm(request.POST, request.FILES)
    if upload.is_valid():
        upload.add(log, owner=cast("User", request.user), active=first)
        return redirect(_here(log))
    return _page(request, log, upload=upload, status=400)


@login_required
@require_POST
def conformance_change(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Make a reference model active or not, rename or remove it."""
    log = changeable_or_404(request, slug)
    row = get_object_or_404(ReferenceModel.objects.defer("source", "drawing"), log=log, pk=pk)
    what = request.POST.get("do")
    if what == "activate":
        try:
            references.activate(row)
        except references.RefusedModelError as error:
            return _page(request, log, problem=str(error), status=error.status)
    elif what == "deactivate":
        references.deactivate(row)
    elif what == "rename":
        name = request.POST.get("name", "").replace("\0", "").strip()
        if not 0 < len(name) <= 255:
            return _page(request, log, problem="A name has 1 to 255 characters.", status=400)
        references.rename(row, name)
    elif what == "remove":
        row.delete()
    else:
        return _page(request, log, problem="Nothing was changed: the page sent no known action. Try again.", status=400)
    return redirect(_here(log))


def _here(log: EventLog) -> str:
    return f"/logs/{log.slug}/conformance/"


urlpatterns = [
    path("logs/<slug:slug>/conformance/", conformance, name="conformance-page"),
    path("logs/<slug:slug>/conformance/cases.csv", conformance_file, name="conformance-file"),
    path("logs/<slug:slug>/conformance/references/", conformance_add, name="conformance-add"),
    path("logs/<slug:slug>/conformance/references/<int:pk>/", conformance_change, name="conformance-change"),
]
