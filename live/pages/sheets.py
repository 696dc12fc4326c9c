"""Sheets: all of them; one with how it looks, open invitations and answers."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils import timezone

from live.pages.common import page_of
from sheets.form_page import shown
from sheets.models import Answer, Prompt, Sheet
from streams.access import logs_of

OPEN_SHOWN = 50


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
    return render(request, "live/sheets.html", {"page": page_of(request, found)})


@login_required
def sheet(request: HttpRequest, slug: str) -> HttpResponse:
    """One sheet; one of a log that this person may not view is not there."""
    found = get_object_or_404(Sheet.objects.select_related("log"), slug=slug, log__in=logs_of(request.user))
    invitations = found.prompts.filter(stored_state=Prompt.State.OPEN, expires_at__gt=timezone.now()).order_by("-id")
    answers = Answer.objects.filter(prompt__sheet=found).select_related("prompt__version").order_by("-id")
    page = page_of(request, answers)
    context = {
        "sheet": found,
        "questions": shown(found.questions, {}, {}, {}),
        "open": invitations[:OPEN_SHOWN],
        "open_count": invitations.count(),
        "page": page,
        "answers": [(answer, _told(answer)) for answer in page],
        "may_change": logs_of(request.user, None, "change").filter(pk=found.log_id).exists(),
    }
    return render(request, "live/sheet.html", context)


def _told(answer: Answer) -> list[tuple[str, str]]:
    """Questions, as they were asked, with their answers in words."""
    texts = {question["id"]: question["text"] for question in answer.prompt.version.content["questions"]}
    return [(texts.get(name, name), _words(value)) for name, value in answer.answers.items()]


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


urlpatterns = [path("sheets/", sheets, name="sheets"), path("sheets/<slug:slug>/", sheet, name="sheet")]
