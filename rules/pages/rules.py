"""Rules: all of them with what they have matched lately; switching, trying, removing them."""

import math
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from foundation.http import limits
from foundation.numbers import whole_number
from foundation.pages.requests import page_of
from models_mining.pages.case_search import case_url
from rules.engine.dry_run import try_out
from rules.models import Rule
from rules.pages.rule_examples import EXAMPLES
from rules.setup.queries import Told, rules_of, told_by
from streams.access.logs import logs_of
from streams.models import EventLog

STATES = {"on": True, "off": False}
TRIALS_A_MINUTE, TRIALS_AT_ONCE = 30, 10  # of one person
TRIED_SHOWN = 25  # matches of a trial


@dataclass(frozen=True)
class Row:
    """A rule, what it matched, and whether this person may change it."""

    rule: Rule
    told: Told
    may_change: bool


def rule_or_404(request: HttpRequest, pk: int) -> Rule:
    """The rule; PermissionDenied unless this person may change what belongs to its log."""
    found = get_object_or_404(rules_of(request.user), pk=pk)
    if not logs_of(request.user, None, "change").filter(pk=found.log_id).exists():
        raise PermissionDenied
    return found


@login_required
def rules(request: HttpRequest) -> HttpResponse:
    """Every rule of the logs one may view."""
    every = rules_of(request.user)
    page = page_of(request, _asked(request, every).order_by("log__name", "name", "pk"))
    told = told_by(page)
    changeable = list(logs_of(request.user, None, "change").order_by("name"))
    mine = {log.pk for log in changeable}
    context = {
        "page": page,
        "rows": [Row(rule, told[rule.pk], rule.log_id in mine) for rule in page],
        "any": bool(page.paginator.count) or every.exists(),
        "logs": EventLog.objects.filter(pk__in=every.order_by().values("log")).order_by("name"),
        "changeable": changeable,
        "examples": EXAMPLES,
        "severities": Rule.Severity.values,
    }
    return render(request, "rules/list.html", context)


def _asked(request: HttpRequest, rows: "QuerySet[Rule]") -> "QuerySet[Rule]":
    """What the filters of the address leave."""
    if log := request.GET.get("log"):
        rows = rows.filter(log__slug=log.replace("\0", ""))
    if (severity := request.GET.get("severity")) in Rule.Severity.values:
        rows = rows.filter(severity=severity)
    if (state := request.GET.get("state")) in STATES:
        rows = rows.filter(enabled=STATES[state])
    return rows


def tried(request: HttpRequest, rule: Rule) -> dict[str, Any]:
    """A trial over the newest events, as the template rules/tried.html shows it; it takes up to 5 s."""
    wait_s = limits.take(f"trying:user-{request.user.pk}", 1, TRIALS_A_MINUTE / 60, TRIALS_AT_ONCE)
    if wait_s:
        return {"no_trial": f"You have tried rules often within a minute: wait {math.ceil(wait_s)} s, then try again."}
    found = try_out(rule)
    hits = found.matches[:TRIED_SHOWN]
    return {"tried": found, "hits": [(hit, case_url(rule.log, hit.case) if hit.case else "") for hit in hits]}


@login_required
@require_POST
def rule_try(request: HttpRequest, pk: int) -> HttpResponse:
    """What the rule would have matched over the newest events; changes nothing."""
    rule = rule_or_404(request, pk)
    return render(request, "rules/trial.html", {"rule": rule, **tried(request, rule)})


@login_required
@require_POST
def rule_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch it on, which is a new version that begins at the log's end, or off."""
    rule = rule_or_404(request, pk)
    rule.enabled = request.POST.get("do") == "on"
    rule.save()
    on = "is on: it knows the events from now on." if rule.enabled else "is off."
    messages.success(request, f"{rule.name} {on}")
    return redirect("rules")


@login_required
def rule_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then remove it; its matches stay."""
    rule = rule_or_404(request, pk)
    if request.method != "POST":
        return render(request, "rules/remove.html", {"rule": rule, "matched": rule.matches.exists()})
    rule.archive()
    messages.success(request, f"{rule.name} is removed.")
    return redirect("rules")


@login_required
@require_POST
def rule_seen(request: HttpRequest, pk: int) -> HttpResponse:
    """Acknowledge what it matched, up to the match ``upto``: what came since nobody has seen."""
    rule = rule_or_404(request, pk)
    upto = whole_number(request.POST.get("upto", ""))
    count = rule.matches.filter(pk__lte=upto or 0).acknowledge(request.user)
    messages.success(request, f"{count:,} match{'' if count == 1 else 'es'} of {rule.name} acknowledged.")
    return redirect("matches")


urlpatterns = [
    path("rules/", rules, name="rules"),
    path("rules/<int:pk>/try/", rule_try, name="rule-try"),
    path("rules/<int:pk>/switch/", rule_switch, name="rule-switch"),
    path("rules/<int:pk>/remove/", rule_remove, name="rule-remove"),
    path("rules/<int:pk>/acknowledge/", rule_seen, name="rule-acknowledge"),
]
