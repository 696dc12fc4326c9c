"""Statistics of a log: figures, throughput, open cases, durations, a dotted chart, activities."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from foundation.cost_cache import CostCache
from foundation.drawing import charts
from foundation.moments import duration
from foundation.pages.tables import Column, sorted_by
from models_mining.cases import measures, timelines
from models_mining.mined_models.watching import ask_for
from models_mining.models import LogState, MinedModel, Minute
from models_mining.pages.palette import Palette
from streams.models import EventLog
from streams.pages.log_pages import log_or_404, render_log

SPANS = {
    "hour": ("last hour", timedelta(hours=1)),
    "day": ("last day", timedelta(days=1)),
    "week": ("last week", timedelta(days=7)),
    "month": ("last month", timedelta(days=31)),
    "all": ("all", None),
}
CLOCKS = {"arrival": "when they arrived", "event": "when they happened"}
DRAWN = 800  # dots of the server's own drawing; scripts draw more
COLUMNS = (
    Column("activity", "Activity"),
    Column("events", "Events", number=True, down=True),
    Column("starts", "First of cases", number=True, down=True),
    Column("ends", "Last of cases", number=True, down=True),
    Column("open", "Now here", number=True, down=True),
    Column("median_s", "Median wait", number=True, down=True),
    Column("p95_s", "95 % within", number=True, down=True),
    Column("longest_s", "Longest wait", number=True, down=True),
)


_kept: CostCache[dict[str, Any]] = CostCache()


@login_required
def statistics(request: HttpRequest, slug: str) -> HttpResponse:
    """All of it on one page, each chart with its numbers as a table."""
    log = log_or_404(request, slug)
    state = LogState.objects.filter(log=log).first() or LogState()
    clock, span = _asked(request, log)
    relative = request.GET.get("dots") == "since"
    palette = Palette(log)
    stamp = (log.next_seq, state.epoch, state.seq)
    graph = _graph(log)
    seen, happened = (timelines.window(log, one, SPANS[span][1]) for one in (clock, "event"))
    lasting = _kept.get((log.pk, "cases"), stamp, lambda: _lasting(log, graph))
    over_time = _kept.get((log.pk, clock, span), (stamp, seen.at[-1]), lambda: _over_time(log, seen, happened))
    dotted = _kept.get((log.pk, "dots", relative), stamp, lambda: _dotted(log, palette, relative=relative))
    key, down, heads = sorted_by(request, COLUMNS, "-events")
    rows = sorted(
        lasting.value["activities"],
        key=lambda row: (row[key] is not None, row[key] if row[key] is not None else 0),
        reverse=down,
    )
    context: dict[str, Any] = {
        "state": state,
        "events": log.stored - log.retired_events,
        "variants": measures.variants(log).count(),
        "per_minute": _per_minute(log),
        "spans": [(name, word, name == span) for name, (word, _) in SPANS.items()],
        "clocks": [(name, word, name == clock) for name, word in CLOCKS.items()],
        "relative": relative,
        "heads": heads,
        "rows": [row | {"hue": palette.hue(row["activity"])} for row in rows],
        "dotted": dotted.value,
        "frame": {"width": charts.WIDTH, "height": charts.HEIGHT, "left": charts.LEFT, "right": charts.RIGHT},
        "most_dots": measures.MAX_POINTS,
        "lasting_at": lasting.at,
        "over_time_at": over_time.at,
        **lasting.value,
        **over_time.value,
    }
    return render_log(request, "models_mining/statistics/page.html", log, context)


def _asked(request: HttpRequest, log: EventLog) -> tuple[timelines.Clock, str]:
    """Clock and span; for a log whose events happened long before they came, all of it as it happened."""
    past = log.last_at and log.last_received_at and log.last_received_at - log.last_at > timedelta(days=1)
    clock: timelines.Clock = "event" if past else "arrival"
    if request.GET.get("clock") in CLOCKS:
        clock = "event" if request.GET["clock"] == "event" else "arrival"
    span = request.GET.get("span", "")
    return clock, span if span in SPANS else "all" if clock == "event" else "hour"


def _per_minute(log: EventLog) -> int:
    """Events of the newest minute that is over."""
    newest = Minute.objects.filter(log=log).order_by("-minute").values_list("minute", "events")[:2]
    now = timelines.window(log, "arrival", timedelta(minutes=1))
    return next((events for minute, events in newest if minute == now.at[-1] - now.step), 0)


def _graph(log: EventLog) -> MinedModel | None:
    """The graph that counts the activities, asked for: somebody looks."""
    graph = MinedModel.objects.filter(log=log, algorithm="dfg", parameters={}, cases="all").first()
    if graph is None or not graph.picture:
        return None
    ask_for(graph)
    return graph


def _lasting(log: EventLog, graph: MinedModel | None) -> dict[str, Any]:
    """How long cases take, and the waits before activities."""
    durations = measures.closed_durations(log)
    return {
        "times": measures.times(durations),
        "durations": _durations(durations),
        "activities": measures.activities(log, graph.picture) if graph is not None and graph.picture else [],
    }


def _over_time(log: EventLog, seen: timelines.Window, happened: timelines.Window) -> dict[str, Any]:
    """Throughput, and open cases by when events ``happened``: charts, tables, and the same for scripts."""
    through, standing = timelines.throughput(log, seen), timelines.standing(log, happened)
    flow = [("events", "events", through.events), ("cases begun", "started", through.started)]
    flow.append(("cases ended", "closed", through.closed))
    here = [("open cases", "open", standing)]
    step = duration(seen.step.total_seconds())
    rows = zip(seen.at, through.events, through.started, through.closed, strict=True)
    return {
        "flow": charts.over_time(seen.at, seen.step, flow),
        "standing": charts.over_time(happened.at, happened.step, here),
        "flow_data": _data(seen, flow),
        "standing_data": _data(happened, here),
        "flow_table": [row for row in rows if any(row[1:])][::-1],
        "open_table": [row for row in zip(happened.at, standing, strict=True) if row[1]][::-1],
        "step": step,
        "open_step": duration(happened.step.total_seconds()),
        "per": step.removeprefix("1 "),
        "sampled": through.sampled,
        "totals": [(label, sum(values)) for label, _, values in flow],
        "now_open": standing[-1] if standing else 0,
        "most_open": max(standing, default=0),
    }


def _data(seen: timelines.Window, series: list[tuple[str, str, list[int]]]) -> dict[str, Any]:
    at = [moment.timestamp() for moment in seen.at]
    return {"x": at, "series": [{"label": label, "look": look, "values": values} for label, look, values in series]}


def _durations(durations: list[float]) -> dict[str, Any]:
    """The histogram: chart, table, and the same for scripts."""
    bins = timelines.histogram(durations)
    words = [duration(one.low_s) for one in bins]
    values = [one.cases for one in bins]
    return {
        "chart": charts.bars("closed cases", values, words),
        "bins": bins,
        "count": len(durations),
        "growing": len({one.high_s - one.low_s for one in bins if one.high_s is not None}) > 1,
        "data": {
            "x": list(range(len(bins))),
            "words": words,
            "series": [{"label": "closed cases", "look": "bars", "values": values}],
        },
    }


def _dotted(log: EventLog, palette: Palette, *, relative: bool) -> dict[str, Any]:
    """The server's drawing of the dotted chart, and its legend with what the dots tell in words."""
    told = measures.dots(log, DRAWN)
    paths, across = charts.dots(told, relative=relative)
    seen: dict[str, list[Any]] = {name: [] for name in told["activities"]}
    for _, activity, at in told["points"]:
        seen[told["activities"][activity]].append(at)
    legend = [
        {"activity": name, "hue": palette.hue(name), "d": paths[name], "n": len(at), "first": min(at), "last": max(at)}
        for name, at in seen.items()
    ]
    legend.sort(key=lambda row: palette.places.get(row["activity"], 0))
    return {"legend": legend, "across": across, "cases": len(told["cases"]), "n": len(told["points"])}


urlpatterns = [path("logs/<slug:slug>/statistics/", statistics, name="statistics-page")]
