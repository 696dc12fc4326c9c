"""The variants of a log: how cases have gone, how many each way, and the way to them on the map and in the list."""

from collections.abc import Iterator
from itertools import accumulate, chain
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from foundation.pages.requests import page_of
from foundation.pages.tables import Column, csv_file, sorted_by
from models_mining.cases import measures
from models_mining.models import Case
from models_mining.pages.palette import Palette
from streams.models import EventLog
from streams.pages.log_pages import log_or_404, render_log

COVERS = 0.8  # of all cases, by the fewest variants
PIECE = 500  # variants whose activities are read at once
COLUMNS = (
    Column("choose", "Choose", sorts=False),
    Column("way", "Variant", sorts=False),
    Column("cases", "Cases", number=True, down=True),
    Column("share", "Share", sorts=False),
    Column("cumulative", "Cumulative", number=True, sorts=False),
    Column("events", "Events", number=True, down=True),
    Column("median", "Median time", number=True, sorts=False),
    Column("last", "Last seen", number=True, down=True),
)
SORTS = {"cases": "cases", "events": "events", "last": "last_at"}
CSV = (
    *("rank", "variant", "cases", "open_cases", "share", "cumulative_share", "events", "mean_s", "median_s", "p95_s"),
    *("first_at", "last_at", "activities"),
)


@login_required
def variants(request: HttpRequest, slug: str) -> HttpResponse:
    """Bars of chevrons, the most frequent first; ``as=csv`` is the same as a file."""
    log = log_or_404(request, slug)
    cases = Case.objects.filter(log=log).count()
    ranked = _ranked(log, cases)
    covering = next((row["rank"] for row in ranked if row["cumulative_share"] >= COVERS), None)
    search = request.GET.get("q", "").strip()[:255]
    found = _with_activity(log, ranked, search) if search else ranked
    key, down, heads = sorted_by(request, COLUMNS, "-cases")
    if (key, down) != ("cases", True):
        found = sorted(found, key=lambda row: row[SORTS[key]], reverse=down)
    if request.GET.get("as") == "csv":
        return csv_file(f"{log.slug}-variants", CSV, _told(log, found))
    page = page_of(request, found)
    palette = Palette(log)
    rows = [row | {"way": palette.way(row["activities"])} for row in measures.with_times(log, page)]
    context = {
        "page": page,
        "rows": rows,
        "heads": heads,
        "search": search,
        "cases": cases,
        "variants": len(ranked),
        "beyond": cases - sum(row["cases"] for row in ranked),
        "covering": covering,
        "most": ranked[0]["cases"] if ranked else 1,
        "activities": palette.activities,
    }
    return render_log(request, "models_mining/variants/list.html", log, context)


def _ranked(log: EventLog, cases: int) -> list[dict[str, Any]]:
    """All variants, the most frequent first, with their share of the cases alone and together with those before."""
    rows = list(measures.variants(log).order_by("-cases", "variant"))
    sums = accumulate(row["cases"] for row in rows)
    return [
        row | {"rank": rank, "share": row["cases"] / cases, "cumulative_share": total / cases}
        for rank, (row, total) in enumerate(zip(rows, sums, strict=True), start=1)
    ]


def _with_activity(log: EventLog, ranked: list[dict[str, Any]], search: str) -> list[dict[str, Any]]:
    """Those in which an activity has this in its name."""
    names = [name for name in Palette(log).activities if search.casefold() in name.casefold()]
    having = measures.passing(log, [row["example"] for row in ranked], names)
    return [row for row in ranked if row["example"] in having]


def _told(log: EventLog, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    pieces = (measures.with_times(log, rows[start : start + PIECE]) for start in range(0, len(rows), PIECE))
    for row in chain.from_iterable(pieces):
        moments = {name: row[name].isoformat() for name in ("first_at", "last_at")}
        yield row | moments | {"activities": " > ".join(row["activities"])}


urlpatterns = [path("logs/<slug:slug>/variants/", variants, name="variants")]
