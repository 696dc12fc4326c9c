"""How the open cases of a log are expected to go on: /logs/SLUG/predictions/."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path

from foundation.pages.requests import LIST, page_of
from foundation.pages.tables import Column, csv_file, sorted_by
from models_mining.analysis.lateness import Outlook, outlooks, usual_s
from models_mining.analysis.prediction_publisher import MOST, ask_for
from models_mining.models import LogState, Prediction
from models_mining.pages.analysis import analysis_of, may_change
from models_mining.pages.case_search import case_url
from models_mining.pages.grades import grades
from streams.models import EventLog
from streams.pages.log_pages import log_or_404, render_log

COLUMNS = (
    Column("case", "Case"),
    Column("activity", "Stands at"),
    Column("next", "What comes next", sorts=False),
    Column("remaining_s", "Still takes", number=True, down=True),
    Column("whole", "In all", number=True, down=True),
    Column("last_at", "Newest event", number=True, down=True),
)
FILE = (
    *("case", "activity", "last_at", "as_of", "late", "next", "probability"),
    *("remaining_s", "remaining_low_s", "remaining_high_s", "so_far_s", "in_all_s"),
)
LIKELIEST = 3  # activities told of a case in the list
ENDS, DOES = "end", "do:"  # of the filter for what comes next: the case ends; an activity


@login_required
def predictions(request: HttpRequest, slug: str) -> HttpResponse:
    """Open cases, late ones first, and how good these predictions have been."""
    log = log_or_404(request, slug)
    analysis = ask_for(log)
    key, down, heads = sorted_by(request, COLUMNS, "-whole")
    usual = usual_s(log)
    known = outlooks(log, usual)
    every = Prediction.objects.filter(log=log)
    page = page_of(request, _sorted(_asked(request, every), key, known, down=down), LIST)
    rows = Prediction.objects.in_bulk(page.object_list)
    context = {
        "page": page,
        "heads": heads,
        "cases": [_told(log, rows[pk], known) for pk in page if pk in rows],
        "total": len(known),
        "late": sum(one.late for one in known.values()),
        "usual_s": usual,
        "most": MOST,
        "open_cases": LogState.objects.filter(log=log).values_list("open_cases", flat=True).first() or 0,
        "activities": every.order_by("activity").values_list("activity", flat=True).distinct(),
        "nexts": sorted({name for name in every.values_list("next__0__activity", flat=True).distinct() if name}),
        "ends": ENDS,
        "does": DOES,
        "chosen_next": request.GET.get("next", ""),
        "seq": analysis.predicted_seq,
        "grades": grades(analysis.score),
        "analysis": analysis_of(log),
        "may_change": may_change(request, log),
    }
    return render_log(request, "models_mining/predictions/page.html", log, context)


def _asked(request: HttpRequest, rows: "QuerySet[Prediction]") -> "QuerySet[Prediction]":
    """What the filters of the address leave."""
    asked = {name: request.GET.get(name, "").replace("\0", "") for name in ("search", "activity", "next")}
    if search := asked["search"]:
        rows = rows.filter(case__icontains=search)
    if activity := asked["activity"]:
        rows = rows.filter(activity=activity)
    wanted = asked["next"]
    if wanted == ENDS:
        rows = rows.filter(next__0__activity=None)
    elif wanted.startswith(DOES):
        rows = rows.filter(next__0__activity=wanted.removeprefix(DOES))
    return rows


def _sorted(rows: "QuerySet[Prediction]", key: str, known: dict[int, Outlook], *, down: bool) -> list[int]:
    """Keys of the rows, in order."""
    if key != "whole":
        order = F(key).desc(nulls_first=True) if down else F(key).asc(nulls_last=True)
        return list(rows.order_by(order, "pk").values_list("pk", flat=True))
    keys = [pk for pk in rows.order_by("pk").values_list("pk", flat=True) if pk in known]
    return sorted(keys, key=lambda pk: known[pk].order, reverse=down)


def _told(log: EventLog, row: Prediction, known: dict[int, Outlook]) -> dict[str, Any]:
    return {
        "row": row,
        "url": case_url(log, row.case),
        "outlook": known[row.pk],
        "nexts": row.next[:LIKELIEST],
        "silent_s": (row.as_of - row.last_at).total_seconds(),
    }


@login_required
def predictions_file(request: HttpRequest, slug: str) -> HttpResponse:
    """The cases that the page lists under the same filters, late ones first, as CSV."""
    log = log_or_404(request, slug)
    ask_for(log)
    known = outlooks(log, usual_s(log))
    every = Prediction.objects.filter(log=log)
    keys = _sorted(_asked(request, every), "whole", known, down=True)
    rows = {row.pk: row for row in every}
    return csv_file(
        f"{log.slug}-predictions", FILE, (_line(rows[pk], known[pk]) for pk in keys if pk in rows and pk in known)
    )


def _line(row: Prediction, outlook: Outlook) -> dict[str, object]:
    likeliest = row.next[0] if row.next else {"activity": None, "probability": None}
    return {
        "case": row.case,
        "activity": row.activity,
        "last_at": row.last_at.isoformat(),
        "as_of": row.as_of.isoformat(),
        "late": "overdue" if outlook.overdue else "late" if outlook.late else "no",
        "next": likeliest["activity"] or "",
        "probability": likeliest["probability"],
        "remaining_s": row.remaining_s,
        "remaining_low_s": row.low_s,
        "remaining_high_s": row.high_s,
        "so_far_s": outlook.so_far_s,
        "in_all_s": outlook.in_all_s,
    }


urlpatterns = [
    path("logs/<slug:slug>/predictions/", predictions, name="predictions-page"),
    path("logs/<slug:slug>/predictions.csv", predictions_file, name="predictions-file"),
]
