"""What rules have matched: a list to search and to acknowledge, and the same as a file."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from foundation.numbers import whole_number
from foundation.pages.requests import page_of
from foundation.pages.tables import MOST, csv_file
from models_mining.pages.case_search import case_url
from rules.matches.actions import statuses_of
from rules.models import Rule, RuleMatch
from rules.models.rules import MatchRows
from rules.setup.queries import matches_of, rules_of
from streams.access.logs import logs_of
from streams.models import EventLog

FILTERS = ("log", "rule", "severity", "state", "case", "after", "before")
FILE = (
    *("id", "matched_at", "severity", "rule", "rule_version", "log", "case", "activity", "seq", "at", "reason"),
    *("state", "acknowledged_at", "acknowledged_by"),
)
LOOKS = {  # of what followed: state → look, icon
    "sent": ("ok", "circle-check"),
    "answered": ("ok", "circle-check"),
    "failed": ("bad", "triangle-alert"),
    "expired": ("off", "hourglass"),
    "cancelled": ("off", "x"),
}


@login_required
def matches(request: HttpRequest) -> HttpResponse:
    """Matches of the logs one may view, the newest first."""
    every = matches_of(request.user)
    found, faults = _asked(request, every)
    page = page_of(request, found)
    done = statuses_of([match.pk for match in page])
    mine = set(logs_of(request.user, None, "change").values_list("pk", flat=True))
    rules = list(rules_of(request.user).order_by("log__name", "name"))
    chosen = next((rule for rule in rules if str(rule.pk) == request.GET.get("rule")), None)
    context = {
        "page": page,
        "rows": [_told(match, done[match.pk], may_change=match.log_id in mine) for match in page],
        "any": bool(page.paginator.count) or every.exists(),
        "faults": faults,
        "filtered": any(request.GET.get(name) for name in FILTERS),
        "more": any(request.GET.get(name) for name in FILTERS[4:]),
        "query": request.GET,
        "logs": EventLog.objects.filter(pk__in={rule.log_id for rule in rules}).order_by("name"),
        "rules": rules,
        "chosen": chosen,
        "unseen": chosen.matches.unseen().count() if chosen and chosen.log_id in mine else 0,
        "newest": page[0].pk if chosen and page else 0,
        "severities": Rule.Severity.values,
        "states": RuleMatch.State.values,
        "address": request.GET.urlencode(),
    }
    return render(request, "rules/matches.html", context)


def _asked(request: HttpRequest, rows: MatchRows) -> tuple[MatchRows, list[str]]:
    """What the filters of the address leave, and which of them cannot be read."""
    asked = {name: request.GET.get(name, "").replace("\0", "").strip() for name in FILTERS}
    faults = []
    if asked["log"]:
        rows = rows.filter(log__slug=asked["log"])
    if asked["rule"]:
        rows = rows.filter(rule=whole_number(asked["rule"]) or 0)
    if asked["severity"] in Rule.Severity.values:
        rows = rows.filter(severity=asked["severity"])
    if asked["state"] in RuleMatch.State.values:
        rows = rows.filter(acknowledged_at__isnull=asked["state"] == RuleMatch.State.NEW)
    if asked["case"]:
        rows = rows.filter(case__icontains=asked["case"])
    for name, lookup in (("after", "gte"), ("before", "lt")):
        if not asked[name]:
            continue
        moment = _moment(asked[name])
        if moment is None:
            faults.append(f"{name.capitalize()}: expected a date and time, as 2026-01-02T10:00.")
        else:
            rows = rows.filter(**{f"matched_at__{lookup}": moment})
    return rows, faults


def _moment(text: str) -> Any:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return timezone.make_aware(found, timezone.get_default_timezone()) if found and timezone.is_naive(found) else found


def _told(match: RuleMatch, done: list[dict[str, Any]], *, may_change: bool) -> dict[str, Any]:
    actions = [(one, *LOOKS.get(one["status"], ("wait", "hourglass"))) for one in done]
    return {
        "match": match,
        "url": case_url(match.log, match.case) if match.case else "",
        "actions": actions,
        "may_change": may_change,
    }


@login_required
@require_POST
def match_seen(request: HttpRequest, pk: int) -> HttpResponse:
    """Acknowledge one match; the list goes on as it was asked for (``back``: its query)."""
    match = get_object_or_404(matches_of(request.user), pk=pk)
    if not logs_of(request.user, None, "change").filter(pk=match.log_id).exists():
        raise PermissionDenied
    if not RuleMatch.objects.filter(pk=match.pk).acknowledge(request.user):
        messages.warning(request, "Somebody else has acknowledged it before.")
    back = request.POST.get("back", "").replace("\r", "").replace("\n", "")
    return redirect(f"{reverse('matches')}?{back}" if back else reverse("matches"))


@login_required
def matches_file(request: HttpRequest) -> HttpResponse:
    """The matches that the page lists under the same filters, as CSV."""
    found, _ = _asked(request, matches_of(request.user))
    return csv_file("matches", FILE, (_line(match) for match in found[:MOST].iterator()))


def _line(match: RuleMatch) -> dict[str, object]:
    return {
        **{name: getattr(match, name) for name in ("id", "severity", "rule_version", "case", "activity", "seq")},
        "rule": match.rule.name,
        "log": match.log.slug,
        "matched_at": match.matched_at.isoformat(),
        "at": match.at.isoformat() if match.at else "",
        "reason": match.reason,
        "state": match.state,
        "acknowledged_at": match.acknowledged_at.isoformat() if match.acknowledged_at else "",
        "acknowledged_by": match.acknowledged_by.get_username() if match.acknowledged_by else "",
    }


urlpatterns = [
    path("rules/matches/", matches, name="matches"),
    path("rules/matches.csv", matches_file, name="matches-file"),
    path("rules/matches/<int:pk>/acknowledge/", match_seen, name="match-acknowledge"),
]
