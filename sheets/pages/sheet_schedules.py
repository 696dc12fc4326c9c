"""When a sheet invites by itself: made, changed and deleted; the API's serializer judges it."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from foundation.pages.requests import as_api
from rules.pages.rule_fields import LinesField
from sheets.models import Schedule, Sheet
from sheets.pages.sheets import sheet_or_404, tellable
from sheets.setup.serializers import ScheduleSerializer

DAYS = [("1", "Mon"), ("2", "Tue"), ("3", "Wed"), ("4", "Thu"), ("5", "Fri"), ("6", "Sat"), ("7", "Sun")]


class ScheduleForm(forms.Form):
    """Who is invited when."""

    respondents = LinesField(label="Who is asked", required=False)
    at = forms.ChoiceField(
        label="When",
        choices=[("random", "at random moments of a day"), ("cron", "at fixed moments")],
        widget=forms.RadioSelect,
        required=False,
    )
    times = forms.CharField(label="Times a day", required=False, widget=forms.TextInput(attrs={"inputmode": "numeric"}))
    begins = forms.CharField(label="Not before", required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    ends = forms.CharField(label="Not after", required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    days = forms.MultipleChoiceField(label="On", choices=DAYS, required=False, widget=forms.CheckboxSelectMultiple)
    cron = forms.CharField(
        label="Cron expression",
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "0 9 * * 1-5", "spellcheck": "false", "autocomplete": "off"}),
    )
    time_zone = forms.CharField(
        label="Time zone", required=False, widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"})
    )
    via = forms.ChoiceField(label="Tell the links to", required=False)
    enabled = forms.BooleanField(label="Switched on", required=False)

    def __init__(self, data: QueryDict | None, *, schedule: Schedule, request: HttpRequest) -> None:
        self.schedule, self.request = schedule, request
        self.serializer: ScheduleSerializer  # once it was cleaned
        names = ("respondents", "times", "cron", "time_zone", "enabled")
        first: dict[str, Any] = {name: getattr(schedule, name) for name in names}
        first |= {"at": "cron" if schedule.cron else "random", "days": list(schedule.days)}
        first |= {name: getattr(schedule, name).strftime("%H:%M") for name in ("begins", "ends")}
        first["via"] = schedule.via.name if schedule.via else ""
        super().__init__(data, initial=first, use_required_attribute=False)
        choices = dict(tellable(request.user)) | ({first["via"]: first["via"]} if first["via"] else {})
        self.fields["via"] = forms.ChoiceField(label="Tell the links to", required=False, choices=list(choices.items()))

    def clean(self) -> dict[str, Any]:
        """What the API would say."""
        given: dict[str, Any] = super().clean() or {}
        random = given.get("at") != "cron"
        given["days"] = "".join(given.get("days", ()))
        names = ("times", "begins", "ends", "days") if random else ("cron",)
        data = {name: given.get(name) for name in ("respondents", "time_zone", "enabled", *names)}
        data |= {"sheet": self.schedule.sheet.slug, "via": given.get("via") or None}
        data["respondents"] = data["respondents"] or []
        data["cron"] = "" if random else given.get("cron", "")
        known = self.schedule if self.schedule.pk else None
        self.serializer = ScheduleSerializer(known, data=data, context={"request": as_api(self.request)})
        if not self.serializer.is_valid():
            for name, words in self.serializer.errors.items():
                flat = words if isinstance(words, list) else [one for some in words.values() for one in some]
                self.add_error(name if name in self.fields else None, [str(one) for one in flat])
        elif not random and not data["cron"]:
            self.add_error("cron", "Write when, as 0 9 * * 1-5: at nine, from Monday to Friday.")
        return given


@login_required
def schedule_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Another schedule of a sheet."""
    return _form(request, Schedule(sheet=sheet_or_404(request, slug, "change"), respondents=[]))


@login_required
def schedule_edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change one: saved, it begins from now."""
    return _form(request, _schedule(sheet_or_404(request, slug, "change"), pk))


def _schedule(sheet: Sheet, pk: int) -> Schedule:
    return get_object_or_404(sheet.schedules.select_related("sheet", "via"), pk=pk)


def _form(request: HttpRequest, schedule: Schedule) -> HttpResponse:
    form = ScheduleForm(request.POST or None, schedule=schedule, request=request)
    if request.method == "POST" and form.is_valid():
        form.serializer.save()
        messages.success(request, "The schedule is saved; it begins from now.")
        return redirect("sheet", schedule.sheet.slug)
    context = {"form": form, "schedule": schedule, "sheet": schedule.sheet, "zones": sorted(available_timezones())}
    return render(request, "sheets/schedule.html", context)


@login_required
@require_POST
def schedule_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Delete one; whom it has invited stays invited."""
    sheet = sheet_or_404(request, slug, "change")
    _schedule(sheet, pk).delete()
    messages.success(request, "The schedule is deleted; who was invited by it stays invited.")
    return redirect("sheet", sheet.slug)


urlpatterns = [
    path("sheets/<slug:slug>/schedules/new/", schedule_new, name="schedule-new"),
    path("sheets/<slug:slug>/schedules/<int:pk>/", schedule_edit, name="schedule-edit"),
    path("sheets/<slug:slug>/schedules/<int:pk>/remove/", schedule_remove, name="schedule-remove"),
]
