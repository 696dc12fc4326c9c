"""Making a rule: first its log and what to watch for, then the form of that kind; the same form changes one."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path

from foundation.numbers import whole_number
from models_mining.pages.palette import Palette
from rules.core.expressions import SCOPE
from rules.models import Rule
from rules.pages.rule_examples import EXAMPLES, KINDS, fresh, quoted, samples
from rules.pages.rule_forms import MORE_ACTIONS, MORE_STEPS, RuleForm
from rules.pages.rules import rule_or_404, tried
from rules.setup.queries import rules_of
from streams.access.logs import logs_of
from streams.models import EventLog

OFFERED = 200  # activities in a list to choose from


@login_required
def rule_new(request: HttpRequest) -> HttpResponse:
    """Choose log and kind (or an example, or a rule to copy), then fill the form of that kind."""
    logs = logs_of(request.user, None, "change").order_by("name")
    if not logs.exists():
        raise PermissionDenied
    rule = _begun(request)
    if rule is None:
        context = {"logs": logs, "chosen": request.GET.get("log", ""), "kinds": KINDS, "examples": EXAMPLES}
        return render(request, "rules/begin.html", context)
    return _form(request, rule)


def _begun(request: HttpRequest) -> Rule | None:
    """What the address asks to begin with; None while it does not say enough."""
    copied = request.GET.get("copy", "")
    if copied:
        known = get_object_or_404(rules_of(request.user, None, "change"), pk=whole_number(copied) or 0)
        return Rule(log=known.log, **known.content | {"name": f"{known.name} (copy)"[:255]})
    slug = request.GET.get("log", "").replace("\0", "")
    kind, example = request.GET.get("kind", ""), request.GET.get("example", "")
    if not slug or not (kind or example):
        return None
    log = get_object_or_404(logs_of(request.user, None, "change"), slug=slug)
    return fresh(log, kind, example, _in_order(log))


def _in_order(log: EventLog) -> list[str]:
    """The log's activities, as they first appeared."""
    places = Palette(log).places
    return sorted(places, key=lambda name: places[name])


@login_required
def rule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a rule: saved, it is a new version that begins at the log's end."""
    return _form(request, rule_or_404(request, pk))


def _form(request: HttpRequest, rule: Rule) -> HttpResponse:
    do = request.POST.get("do", "")
    known = {"saved_name": rule.name, "saved_summary": rule.summary} if rule.pk else {}
    form = RuleForm(request.POST or None, rule=rule, user=request.user)
    context: dict[str, Any] = {"form": form, "rule": rule, **known}
    if request.method == "POST":
        valid = form.is_valid()
        if do == "save" and valid:
            rule.save()
            on = "It knows the events from now on." if rule.enabled else "It is switched off."
            messages.success(request, f"{rule.name} is saved. {on}")
            return redirect("rules")
        if do in (MORE_STEPS, MORE_ACTIONS):
            form.forgive()
        if do == "try":
            form.errors.pop("name", None)  # it may come later
        if do == "try" and form.tryable:
            context |= tried(request, rule)
        elif do == "try":
            context["no_trial"] = "Mend what is wrong under “When”; then it can be tried."
    activities = _in_order(rule.log)[:OFFERED]
    context |= {
        "kind_words": next((word, what) for kind, word, what in KINDS if kind == rule.kind),
        "summary": rule.summary,
        "scope": [(name, kind.replace("dyn", "any"), meaning) for name, (kind, meaning) in SCOPE.items()],
        "help": samples(activities),
        "activities": [(name, quoted(name)) for name in sorted(activities)],
    }
    return render(request, "rules/form.html", context)


urlpatterns = [
    path("rules/new/", rule_new, name="rule-new"),
    path("rules/<int:pk>/", rule_edit, name="rule-edit"),
]
