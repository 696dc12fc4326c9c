"""The form behind a link: one quiet page that works on any phone, without scripts, signed in or not.

Whoever has the link may answer, once. A request can only be forged by somebody who knows the token, and reads no
cookie; so instead of Django's token, which needs an Origin or Referer that this page keeps to itself
(``Referrer-Policy: no-referrer`` makes the browser send ``Origin: null``), a request from another site is refused by
``Sec-Fetch-Site`` (W3C Fetch Metadata).
"""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from foundation.http import limits
from sheets.models import Prompt
from sheets.prompts.prompts import ClosedError, find, take
from sheets.questions.questions import Answers, Question, bounds, read
from streams.events.store import ArchivedError

LOOKS_A_S, LOOKS_AT_ONCE = 2.0, 120.0  # from one address, of all links together
ENDED = {"answered": 200, "cancelled": 410, "expired": 410, "unknown": 404, "busy": 429, "elsewhere": 403}


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest, token: str) -> HttpResponse:
    """Show the questions; take the answers; else say calmly why not."""
    wait_s = limits.take(f"sheet:{request.META.get('REMOTE_ADDR', '')}", 1, LOOKS_A_S, LOOKS_AT_ONCE)
    if wait_s:
        return _quiet(_ended(request, "busy"), retry_after_s=wait_s)
    prompt = find(token)
    if prompt is None or prompt.log.archived_at is not None:
        return _quiet(_ended(request, "unknown"))
    if prompt.state != Prompt.State.OPEN:
        return _quiet(_ended(request, prompt.state))
    questions = prompt.version.content["questions"]
    if request.method != "POST":
        return _quiet(_page(request, prompt.version.content, shown(questions, {}, {}, {})))
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return _quiet(_ended(request, "elsewhere"))
    answers, wrong = read(questions, request.POST)
    if wrong:
        sent = {question["id"]: request.POST.getlist(question["id"]) for question in questions}
        return _quiet(_page(request, prompt.version.content, shown(questions, answers, wrong, sent), status=422))
    try:
        take(prompt, answers)
    except ClosedError as closed:
        return _quiet(_ended(request, closed.state))
    except ArchivedError:
        return _quiet(_ended(request, "unknown"))
    return _quiet(HttpResponseRedirect(request.path))


def shown(
    questions: list[Question], answers: Answers, wrong: dict[str, str], sent: dict[str, list[str]]
) -> list[dict[str, Any]]:
    """The questions as the page needs them: fields, what was sent before, what is wrong with it."""
    found = []
    for question in questions:
        least, most = bounds(question)
        kind = question["kind"]
        options = list(question.get("options", []))
        if kind == "likert":
            options = [str(number) for number in range(int(least), int(most) + 1)]
        found.append(
            {
                **question,
                "options": options,
                "least": least if kind != "number" or "min" in question else None,
                "most": most if kind != "number" or "max" in question else None,
                "step": question.get("step", "any" if kind == "number" else 1),
                "sent": sent.get(question["id"], []),
                "condition": f"if-{question['id']}",
                "error": wrong.get(question["id"], ""),
            }
        )
    return found


def _page(request: HttpRequest, content: dict[str, Any], questions: list[Any], status: int = 200) -> HttpResponse:
    wrong = [question for question in questions if question["error"]]
    return render(
        request, "sheets/form.html", {"sheet": content, "questions": questions, "wrong": wrong}, status=status
    )


def _ended(request: HttpRequest, why: str) -> HttpResponse:
    return render(request, "sheets/ended.html", {"why": why}, status=ENDED[why])


def _quiet(response: HttpResponse, retry_after_s: float = 0.0) -> HttpResponse:
    """Nothing of it is kept, found or told to others."""
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    if retry_after_s:
        response["Retry-After"] = str(int(retry_after_s) + 1)
    return response


urlpatterns = [path("sheets/p/<str:token>/", form, name="sheet-form")]
