"""When a sheet invites by itself: made, changed and deleted."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from foundation.access import User
from foundation.pages.form_fields import LinesField
from rules.models import Notifier
from sheets.models import Schedule, Sheet
from sheets.pages.sheets import sheet_or_404

TIME = "%H:%M"
DAYS = [("1", "Mon"), ("2", "Tue"), ("3", "Wed"), ("4", "Thu"), ("5", "Fri"), ("6", "Sat"), ("7", "Sun")]


class ScheduleForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when run
    """Who is invited when."""

    use_required_attribute = False
    respondents = LinesField(label="Who is asked", required=False)
    at = forms.ChoiceField(
        label="When",
        choices=[("random", "at random moments of a day"), ("cron", "at fixed moments")],
        widget=forms.RadioSelect,
        required=False,
    )
    begins = forms.TimeField(label="Not before", input_formats=[TIME], widget=forms.TimeInput({"type": "time"}, TIME))
    ends = forms.TimeField(label="Not after", input_formats=[TIME], widget=forms.TimeInput({"type": "time"}, TIME))
    days = forms.MultipleChoiceField(label="On", choices=DAYS, widget=forms.CheckboxSelectMultiple)
    via = forms.ModelChoiceField(
        Notifier.objects.all(), label="Tell the links to", required=False, to_field_name="name", empty_label="nobody"
    )

    class Meta:
        model = Schedule
        fields = ["respondents", "times", "begins", "ends", "days", "cron", "time_zone", "via", "enabled"]
        labels = {"times": "Times a day", "cron": "Cron expression", "enabled": "Switched on"}
        help_texts = dict.fromkeys(fields, "")
        widgets = {
            "times": forms.TextInput(attrs={"inputmode": "numeric"}),
            "cron": forms.TextInput(attrs={"placeholder": "0 9 * * 1-5", "spellcheck": "false", "autocomplete": "off"}),
            "time_zone": forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
        }

    def __init__(self, data: QueryDict | None, *, schedule: Schedule, user: User) -> None:
        known = {"at": "cron" if schedule.cron else "random", "days": list(schedule.days), "via": schedule.via}
        super().__init__(data, instance=schedule, initial=known)
        via: Any = self.fields["via"]
        via.queryset = Notifier.objects.usable_by(user) | Notifier.objects.filter(pk=schedule.via_id or 0)

    def clean_respondents(self) -> list[str]:
        """Return the names; none at all the model refuses."""
        return self.cleaned_data["respondents"] or []

    def clean_days(self) -> str:
        """Return the days as their digits."""
        return "".join(self.cleaned_data["days"])

    def clean(self) -> dict[str, Any]:
        """Leave out the fields of the other way to say when."""
        given: dict[str, Any] = super().clean() or {}
        random = given.get("at") != "cron"
        for name in ("cron",) if random else ("times", "begins", "ends", "days"):
            self.errors.pop(name, None)
            given.pop(name, None)
        if random:
            given["cron"] = ""
        elif not given.get("cron") and "cron" not in self.errors:
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
    form = ScheduleForm(request.POST or None, schedule=schedule, user=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
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
