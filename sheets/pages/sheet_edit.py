"""Making and changing a sheet: its questions in rows, beside them what a phone will show."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path

from sheets.models import Sheet
from sheets.pages.sheet_forms import SheetForm
from sheets.pages.sheet_questions import arrange
from sheets.pages.sheets import sheet_or_404
from sheets.prompts.prompts import open_prompts
from sheets.questions.questions import EXAMPLE
from streams.access.logs import logs_of


@login_required
def sheet_new(request: HttpRequest) -> HttpResponse:
    """A sheet that begins with an example, or with what another one asks (``?copy=<slug>``)."""
    logs = logs_of(request.user, None, "change").order_by("name")
    wanted = logs.filter(slug=request.GET.get("log", "").replace("\0", "")).first()
    log = wanted or logs.first()
    if log is None:
        raise PermissionDenied
    sheet = Sheet(log=log, label="How did it go?", questions=EXAMPLE)
    if copied := request.GET.get("copy", "").replace("\0", ""):
        known = get_object_or_404(Sheet.objects.filter(log__in=logs), slug=copied)
        names = (*Sheet.CONTENT, "log", "ttl_s", "a_day", "gap_s")
        sheet = Sheet(name=f"{known.name} (copy)"[:255], **{name: getattr(known, name) for name in names})
    return _form(request, sheet)


@login_required
def sheet_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change a sheet: if it then asks something else, that is a new version."""
    return _form(request, sheet_or_404(request, slug, "change"))


def _form(request: HttpRequest, sheet: Sheet) -> HttpResponse:
    known = {"saved_name": sheet.name, "saved_slug": sheet.slug, "version": sheet.version} if sheet.pk else {}
    data = request.POST.copy() if request.method == "POST" else None
    do = data.get("do", "") if data else ""
    focus, said = arrange(data, do) if data else ("", "")
    form = SheetForm(data, sheet=sheet, user=request.user)
    judged = do == "save" or bool(data and data.get("judged"))  # then mistakes are told until they are mended
    if data is not None:
        valid = form.is_valid()
        if do == "save" and valid:
            saved: Sheet = form.save()
            new = saved.version != known.get("version")
            what = f"Version {saved.version} is asked from now on." if new else "It asks what it asked before."
            messages.success(request, f"{saved.name} is saved. {what}")
            return redirect("sheet", saved.slug)
        if do == "save":
            focus = next((name for name in form.fields if name in form.errors), "")
        if not judged:
            form.errors.clear()
    if focus in form.fields:
        form.fields[focus].widget.attrs["autofocus"] = True
    context: dict[str, Any] = {"form": form, "sheet": sheet, "focus": focus, "said": said, "judged": judged, **known}
    context["wrong"] = len(form.errors) if judged else 0
    context["asked"] = open_prompts(sheet).count() if sheet.pk else 0
    return render(request, "sheets/edit.html", context)


urlpatterns = [
    path("sheets/new/", sheet_new, name="sheet-new"),
    path("sheets/<slug:slug>/edit/", sheet_edit, name="sheet-edit"),
]
