"""Sheets: all of them; one with its invitations, schedules and answers; the answers as a file; inviting somebody."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from foundation.access import User
from foundation.pages.form_fields import DurationField
from foundation.pages.refusals import add_refusal
from foundation.pages.requests import page_of
from foundation.pages.tables import MOST, csv_file
from models_mining.pages.case_search import case_url
from rules.models import Notifier
from sheets.models import Answer, Prompt, Sheet
from sheets.models.sheets import TTL_S
from sheets.prompts.form_page import shown
from sheets.prompts.prompts import ClosedError, NotInvitedError, cancel, invite, link_of, open_prompts
from streams.access.logs import logs_of

OPEN_SHOWN = 50
FILE = ["at", "respondent", "case", "prompt", "sheet_version", "seq"]  # then the answers, as answers.late


def sheet_or_404(request: HttpRequest, slug: str, action: str = "view") -> Sheet:
    """The sheet; one of a log that this person may not view is not there, PermissionDenied where ``action`` is not."""
    found = get_object_or_404(Sheet.objects.select_related("log"), slug=slug, log__in=logs_of(request.user))
    if not logs_of(request.user, None, action).filter(pk=found.log_id).exists():
        raise PermissionDenied
    return found


@login_required
def sheets(request: HttpRequest) -> HttpResponse:
    """Every sheet of the logs one may view, with what became of its invitations."""
    still_open = Q(prompts__stored_state=Prompt.State.OPEN, prompts__expires_at__gt=timezone.now())
    found = (
        Sheet.objects.filter(log__in=logs_of(request.user))
        .select_related("log")
        .annotate(
            invited=Count("prompts"),
            open=Count("prompts", filter=still_open),
            answered=Count("prompts__answer"),
            last_at=Max("prompts__answer__at"),
        )
        .order_by("name", "slug")
    )
    changeable = logs_of(request.user, None, "change").exists()
    return render(request, "sheets/list.html", {"page": page_of(request, found), "may_make": changeable})


@login_required
def sheet(request: HttpRequest, slug: str) -> HttpResponse:
    """One sheet."""
    found = sheet_or_404(request, slug)
    invitations = open_prompts(found).select_related("sheet", "version", "log")
    page = page_of(request, _answers(found))
    questions = _columns([found.content, *(answer.prompt.version.content for answer in page)])
    given = {name for answer in page for name in answer.answers}
    asked = {question["id"] for question in found.questions}
    heads = {name: text for name, text in questions.items() if name in asked or name in given}
    fed = logs_of(request.user, None, "ingest").filter(pk=found.log_id).exists()
    context = {
        "sheet": found,
        "questions": shown(found.questions, {}, {}, {}),
        "open": [(one, _link(request, one) if fed else "") for one in invitations[:OPEN_SHOWN]],
        "open_count": invitations.count(),
        "schedules": found.schedules.select_related("via"),
        "page": page,
        "heads": heads,
        "answers": [
            Told(answer, case_url(found.log, answer.prompt.case), list(_cells(answer, heads))) for answer in page
        ],
        "may_change": logs_of(request.user, None, "change").filter(pk=found.log_id).exists(),
    }
    return render(request, "sheets/sheet.html", context)


def _link(request: HttpRequest, prompt: Prompt) -> str:
    path = link_of(prompt)
    return request.build_absolute_uri(path) if path else ""


# --- Answers --------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """An answer as a row of the table."""

    answer: Answer
    url: str
    cells: list[str]


def _answers(sheet: Sheet) -> Any:
    return Answer.objects.filter(prompt__sheet=sheet).select_related("prompt__version").order_by("-id")


def _columns(contents: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The questions by their ids, in the words in which they are asked in the first of the versions that ask them."""
    found: dict[str, str] = {}
    for content in contents:
        for question in content["questions"]:
            found.setdefault(question["id"], question["text"])
    return found


def _cells(answer: Answer, names: Iterable[str]) -> Iterator[str]:
    return (_words(answer.answers.get(name, "")) for name in names)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(value) if isinstance(value, list) else str(value)


@login_required
def answers_file(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest answers as CSV, a column for each question that any version asked."""
    found = sheet_or_404(request, slug)
    names = list(_columns(found.versions.order_by("-version").values_list("content", flat=True)))
    return csv_file(
        f"{found.slug}-answers",
        [*FILE, *(f"answers.{name}" for name in names)],
        (_line(answer, names) for answer in _answers(found)[:MOST].iterator()),
    )


def _line(answer: Answer, names: list[str]) -> dict[str, object]:
    prompt = answer.prompt
    own = [answer.at.isoformat(), prompt.respondent, prompt.case, prompt.pk, prompt.version.version, answer.seq]
    told = zip((f"answers.{name}" for name in names), _cells(answer, names), strict=True)
    return dict(zip(FILE, own, strict=True)) | dict(told)


# --- Invitations ----------------------------------------------------------------------


class InviteForm(forms.Form):
    """Who is asked about which case."""

    use_required_attribute = False
    respondent = forms.CharField(label="Who is asked", max_length=255)
    case = forms.CharField(label="About the case", max_length=255)
    ttl_s = DurationField(label="Time to answer", required=False, least=TTL_S[0], most=TTL_S[1])
    via = forms.ModelChoiceField(
        Notifier.objects.all(), label="Tell the link to", required=False, to_field_name="name", empty_label="nobody"
    )

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        via: Any = self.fields["via"]
        via.queryset = Notifier.objects.usable_by(user)


@login_required
def sheet_invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Invite somebody by hand."""
    found = sheet_or_404(request, slug, "change")
    form = InviteForm(request.POST or None, user=request.user, initial={"ttl_s": found.ttl_s})
    if request.method == "POST" and form.is_valid():
        try:
            prompt = invite(found, **form.cleaned_data)
        except NotInvitedError as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{prompt.respondent} is invited.")
            return redirect("sheet", found.slug)
    return render(request, "sheets/invite.html", {"form": form, "sheet": found})


@login_required
@require_POST
def sheet_cancel(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Close an invitation that nobody has answered."""
    found = sheet_or_404(request, slug, "change")
    prompt = get_object_or_404(found.prompts, pk=pk)
    try:
        cancel(prompt)
        messages.success(request, f"The invitation of {prompt.respondent} is withdrawn.")
    except ClosedError as closed:
        messages.warning(request, str(closed))
    return redirect("sheet", found.slug)


@login_required
def sheet_remove(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask, then delete it; one that people were invited to stays, as in the API."""
    found = sheet_or_404(request, slug, "change")
    invited = found.prompts.count()
    if request.method != "POST" or invited:
        return render(request, "sheets/remove.html", {"sheet": found, "invited": invited})
    found.delete()
    messages.success(request, f"{found.name} is deleted.")
    return redirect("sheets")


urlpatterns = [
    path("sheets/", sheets, name="sheets"),
    path("sheets/<slug:slug>/", sheet, name="sheet"),
    path("sheets/<slug:slug>/answers.csv", answers_file, name="sheet-answers"),
    path("sheets/<slug:slug>/invite/", sheet_invite, name="sheet-invite"),
    path("sheets/<slug:slug>/invitations/<int:pk>/cancel/", sheet_cancel, name="sheet-cancel"),
    path("sheets/<slug:slug>/remove/", sheet_remove, name="sheet-remove"),
]
