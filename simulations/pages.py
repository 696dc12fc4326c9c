"""The pages below /simulate/: paste a configuration, see it checked and drawn, run it into a log, watch it, stop it."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_POST

from foundation.pages.refusals import add_refusal
from simulations import runs
from simulations.models import Simulation
from simulations.runs import MAX_COUNT, MAX_RATE, MAX_TEXT, MIN_RATE, Checked, Fault, TooManyRunsError
from streams.access.logs import logs_of
from streams.events.store import open_log
from streams.models import EventLog

LIST = 20  # runs shown
AROUND = 2  # lines shown before and after a faulty one


class SimulationForm(forms.Form):
    """What to run, where to, how much of it and how fast."""

    config = forms.CharField(
        label="Configuration",
        strip=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 22, "spellcheck": "false", "wrap": "off", "autocomplete": "off"}),
    )
    log = forms.CharField(max_length=100, widget=forms.TextInput(attrs={"list": "known-logs", "autocomplete": "off"}))
    count = forms.IntegerField(label="Events", min_value=1, max_value=MAX_COUNT, initial=10_000)
    rate = forms.FloatField(label="Events per second", required=False, min_value=MIN_RATE, max_value=MAX_RATE)
    seed = forms.IntegerField(required=False, min_value=-(2**63), max_value=2**63 - 1)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.checked: Checked | None = None

    def clean_config(self) -> str:
        """A configuration without faults; with some, the page shows them at their lines."""
        text: str = self.cleaned_data["config"].replace("\r\n", "\n")
        self.checked = runs.check(text)
        if self.checked.run is None:
            raise ValidationError("This configuration cannot be run.")
        return text

    def clean_log(self) -> str:
        """The slug or name of a log that may be sent to, or a new one that may be opened."""
        wanted: str = self.cleaned_data["log"].strip()
        if self.found(wanted) is None and not self._may_open(wanted):
            raise ValidationError("There is no such log, or you may not send to it.")
        return wanted

    def found(self, wanted: str) -> EventLog | None:
        """The log of this slug or name, if events may be sent to it."""
        logs = logs_of(self.user, None, "ingest")
        return logs.filter(slug=wanted).first() or logs.filter(name=wanted).first()

    def _may_open(self, wanted: str) -> bool:
        allowed = self.user.has_perms(["streams.add_eventlog", "streams.ingest_eventlog"])
        taken = EventLog.objects.filter(slug=wanted).exists() or EventLog.objects.filter(name=wanted).exists()
        return allowed and not taken

    def start(self) -> Simulation:
        """Begin the run; raises TooManyRunsError."""
        given = self.cleaned_data
        log = self.found(given["log"]) or open_log(given["log"])
        return runs.start(
            config=given["config"],
            log=log,
            owner=self.user,
            count=given["count"],
            seed=given["seed"],
            rate=given["rate"],
        )


def visible(user: User) -> "QuerySet[Simulation]":
    """The runs this person may see: with the permission to view simulations all into visible logs, else one's own.

    Also one's own only into logs that one may (still) see, or send to.
    """
    rows = Simulation.objects.select_related("log", "owner")
    mine = rows.filter(owner=user, log__in=logs_of(user) | logs_of(user, None, "ingest"))
    return mine | rows.filter(log__in=logs_of(user)) if user.has_perm("simulations.view_simulation") else mine


def may_stop(user: User, row: Simulation) -> bool:
    """Whoever started it, and whoever may change simulations."""
    return row.owner_id == user.pk or user.has_perm("simulations.change_simulation")


def _user(request: HttpRequest) -> User:
    user = cast("User", request.user)
    if not (user.has_perm("simulations.add_simulation") or user.has_perm("simulations.view_simulation")):
        raise PermissionDenied
    return user


@login_required
def simulate(request: HttpRequest) -> HttpResponse:
    """The form, and the runs there are."""
    user = _user(request)
    form = SimulationForm(request.POST or None, user=user, initial=_initial(request))
    if request.method == "POST":
        if not user.has_perm("simulations.add_simulation"):
            raise PermissionDenied
        valid = form.is_valid()
        if valid and request.POST.get("do") == "start":
            try:
                return redirect("simulate-run", form.start().pk)
            except TooManyRunsError as error:
                add_refusal(form, error)
    Simulation.objects.all().give_up_lost()
    checked = form.checked
    if not form.is_bound and form.initial["config"]:
        checked = runs.check(form.initial["config"])
    context = {
        "form": form,
        "checked": checked,
        "listing": _listing(form, checked),
        "drawing": mark_safe(checked.drawing) if checked else "",  # noqa: S308  (every text in it is escaped)
        "examples": runs.examples(),
        "logs": logs_of(user, None, "ingest"),
        "runs": visible(user)[:LIST],
        "only_check": request.POST.get("do") == "check",
    }
    return render(request, "simulations/start.html", context)


def _initial(request: HttpRequest) -> dict[str, str]:
    name = request.GET.get("example", "")
    try:
        return {"config": runs.example(name), "log": f"simulated {name}"} if name else {"config": ""}
    except KeyError:
        raise Http404("There is no such example.") from None


def _listing(form: SimulationForm, checked: Checked | None) -> list[dict[str, Any]]:
    """The lines around each fault and remark: number, text, faults, remarks; a gap before those that follow none."""
    if checked is None:
        return []
    lines = str(form["config"].value() or "").replace("\r\n", "\n").split("\n")
    faults, remarks = _by_line(checked.faults, len(lines)), _by_line(checked.remarks, len(lines))
    around = {line + step for line in {*faults, *remarks} for step in range(-AROUND, AROUND + 1)}
    shown = sorted(number for number in around if 1 <= number <= len(lines))
    return [
        {
            "number": number,
            "text": lines[number - 1],
            "faults": faults.get(number, []),
            "remarks": remarks.get(number, []),
            "gap": index > 0 and shown[index - 1] != number - 1,
        }
        for index, number in enumerate(shown)
    ]


def _by_line(faults: Iterable[Fault], lines: int) -> dict[int, list[str]]:
    """What is wrong at each line; a text that ends too soon is faulty at its last one."""
    found: dict[int, list[str]] = {}
    for fault in faults:
        if fault.line is not None:
            found.setdefault(min(fault.line, lines), []).append(fault.text)
    return found


@login_required
def simulation(request: HttpRequest, pk: int) -> HttpResponse:
    """One run."""
    return render(request, "simulations/run.html", _watched(request, pk))


@login_required
def simulation_state(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of its page that changes, with which the page keeps itself up to date."""
    answer = render(request, "simulations/run_state.html", _watched(request, pk, drawn=False))
    answer["Cache-Control"] = "no-store"
    return answer


def _watched(request: HttpRequest, pk: int, *, drawn: bool = True) -> dict[str, Any]:
    user = _user(request)
    Simulation.objects.all().give_up_lost()
    row = get_object_or_404(visible(user), pk=pk)
    drawing = runs.check(row.config).drawing if drawn else ""
    return {
        "run": row,
        "may_stop": row.active and may_stop(user, row),
        "drawing": mark_safe(drawing),  # noqa: S308  (every text in it is escaped)
    }


@login_required
@require_POST
def simulation_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a run to end."""
    user = _user(request)
    row = get_object_or_404(visible(user), pk=pk)
    if not may_stop(user, row):
        raise PermissionDenied
    runs.stop(row)
    return redirect("simulate-run", pk)


urlpatterns = [
    path("simulate/", simulate, name="simulate"),
    path("simulate/<int:pk>/", simulation, name="simulate-run"),
    path("simulate/<int:pk>/state/", simulation_state, name="simulate-state"),
    path("simulate/<int:pk>/stop/", simulation_stop, name="simulate-stop"),
]
