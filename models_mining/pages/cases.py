"""The cases of a log: a list to search, and one case as a timeline."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

from foundation.pages.requests import page_of
from foundation.pages.tables import Column, sorted_by
from models_mining.cases.case_filters import cases_of
from models_mining.models import Case, LogState
from models_mining.pages import case_sections, case_story
from models_mining.pages.case_search import VIEWS, Search, case_url
from models_mining.pages.palette import Palette
from streams.files.writing import FORMATS
from streams.pages.log_pages import log_or_404, render_log

COLUMNS = (
    Column("case", "Case"),
    Column("state", "State", sorts=False),
    Column("activity", "Stands at"),
    Column("events", "Events", number=True, down=True),
    Column("started", "Began", down=True),
    Column("duration", "Duration", number=True, down=True),
    Column("last", "Last event", number=True, down=True),
    Column("deviations", "Reference model", down=True),
)
MORE = (
    "passes",
    "state",
    "started_after",
    "started_before",
    "longer",
    "shorter",
    "attribute",
)  # filters folded at first


@login_required
def cases(request: HttpRequest, slug: str) -> HttpResponse:
    """The case list; with ``case`` that one (see `case_url`)."""
    if "case" in request.GET:
        return one_case(request, slug, request.GET["case"])
    log = log_or_404(request, slug)
    search = Search(log, request.GET)
    key, down, heads = sorted_by(request, COLUMNS, "-last")
    page = page_of(request, search.cases(key, down=down))
    palette = Palette(log)
    rows = [
        {
            "case": row,
            "url": case_url(log, row.case),
            "step": palette.step(row.activity),
            "took_s": (row.last_at - row.started_at).total_seconds(),
        }
        for row in page
    ]
    state = LogState.objects.filter(log=log).first()
    context = {
        "search": search,
        "query": request.GET,
        "page": page,
        "rows": rows,
        "views": [(name, name == search.view) for name in VIEWS],
        "heads": heads,
        "state": state,
        "activities": palette.activities,
        "variants": request.GET.getlist("variant"),
        "more": any(request.GET.get(name) for name in MORE),
        "forms": FORMATS,
        "any": bool(state and state.cases),
    }
    return render_log(request, "models_mining/cases/list.html", log, context)


@login_required
def one_case(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """One case: its timeline, how it agrees with the reference model, how it is expected to go on."""
    log = log_or_404(request, slug)
    found = None if "\0" in name else cases_of(log).filter(case=name).first()
    if found is None:
        raise Http404(f"The log {slug} has no such case, or it is not mined yet.")
    judged = case_story.judged(log, name)
    verdict = case_story.verdict(log, judged)
    context = {
        "case": found,
        "story": case_story.tell(log, found, Palette(log), judged),
        "verdict": verdict,
        "prediction": case_story.prediction(log, found),
        "sections": case_sections.of_case(request.user, log, name),
        "alike": Case.objects.filter(log=log, variant=found.variant).count() if found.variant else 0,
        "this": urlencode({"case": name}),
        "alignable": case_story.alignable(log, verdict.reference if verdict else None),
        "forms": FORMATS,
    }
    return render_log(request, "models_mining/cases/case.html", log, context)


urlpatterns = [
    path("logs/<slug:slug>/cases/", cases, name="cases"),
    path("logs/<slug:slug>/cases/<path:name>/", one_case, name="case"),
]
