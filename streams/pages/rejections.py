"""What was refused: of a stream, to be retried or discarded; of the files imported into a log."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse

from foundation.numbers import whole_number
from foundation.pages.requests import page_of
from streams.access.logs import rejections_of
from streams.models import Rejection
from streams.pages.log_pages import log_or_404, render_log
from streams.pages.messages import Payload, payload_of
from streams.pages.stream_rows import groups
from streams.pages.streams import need, stream_or_404
from streams.recording.retry import Retried, retry_oldest
from streams.rejections.reasons import Reason, explain

LIST = 20


@dataclass(frozen=True)
class Row:
    """A refused message as the page shows it."""

    row: Rejection
    why: Reason
    payload: Payload


def _listed(request: HttpRequest, rows: "QuerySet[Rejection]") -> dict[str, Any]:
    """Groups by reason, and one page of those with the reason that ``?reason=`` names."""
    reason = request.GET.get("reason", "")
    found = groups(rows)
    unmended = rows.filter(retried_at=None)
    chosen = unmended.filter(reason=reason) if reason else unmended.exclude(reason="ignored")
    page = page_of(request, chosen.order_by("-id"), LIST)
    return {
        "groups": found,
        "chosen": next((group for group in found if group.reason == reason), None),
        "reason": reason,
        "page": page,
        "rows": [Row(row, explain(row.reason), payload_of(bytes(row.payload))) for row in page],
    }


@login_required
def stream_rejections(request: HttpRequest, slug: str) -> HttpResponse:
    """What a stream refused; POST retries or discards: one (``id``), those of a ``reason``, or all."""
    need(request, "view_stream", "view_rejection", *(["change_stream"] if request.method == "POST" else []))
    stream = stream_or_404(slug)
    rows = rejections_of(request.user).filter(stream=stream)
    if request.method == "POST":
        return _act(request, slug, rows.filter(retried_at=None))
    return render(request, "streams/stream_rejections.html", {"stream": stream, **_listed(request, rows)})


def _act(request: HttpRequest, slug: str, rows: "QuerySet[Rejection]") -> HttpResponse:
    reason, key = request.POST.get("reason", ""), request.POST.get("id", "")
    if key:
        rows = rows.filter(pk=number) if (number := whole_number(key)) else rows.none()
    elif reason:
        rows = rows.filter(reason=reason)
    else:
        rows = rows.exclude(reason="ignored")
    back = reverse("stream-rejections", args=[slug])
    count = rows.count()
    if request.POST.get("do") == "retry":
        retry_said(request, rows)
    elif request.POST.get("do") == "discard" and count:
        if request.POST.get("sure") != "yes":
            context = {"stream": stream_or_404(slug), "count": count, "reason": reason, "key": key, "back": back}
            return render(request, "streams/discard.html", {**context, "why": explain(reason) if reason else None})
        rows.delete()
        messages.success(request, f"{_messages(count)} discarded. The counts go on telling of them.")
    return redirect(back)


def retry_said(request: HttpRequest, rows: "QuerySet[Rejection]") -> None:
    """Retry the oldest of these, and say what became of them."""
    done = retry_oldest(rows)
    said = outcome(done.results)
    if done.left:
        said += f" {done.left} more wait: retry again."
    (messages.success if done.mended else messages.warning)(request, said)


def outcome(done: Sequence[Retried]) -> str:
    """What a retry brought, in a few sentences.

    >>> outcome([Retried(1, "mended", 7), Retried(2, "rejected", reason="bad_time", detail="…")])
    '1 of 2 is stored. Still refused: 1 (a time that cannot be read).'
    """
    if not done:
        return "There was nothing to retry: somebody has mended or discarded it already."
    mended = [one for one in done if one.status == "mended"]
    stored = sum(one.seq is not None for one in mended)
    before = len(mended) - stored
    of = f"{stored} of {len(done)} {'is' if stored == 1 else 'are'} stored."
    said = ["It is stored." if len(done) == stored == 1 else of]
    if before:
        said.append(f"{before} {'was' if before == 1 else 'were'} stored before, under the same id.")
    if refused := Counter(one.reason for one in done if one.status == "rejected"):
        why = ", ".join(f"{count} ({_small(explain(reason).words)})" for reason, count in refused.most_common(5))
        said.append(f"Still refused: {why}.")
    return " ".join(said)


def _small(words: str) -> str:
    return words if words[:2].isupper() else words[:1].lower() + words[1:]


def _messages(count: int) -> str:
    return "1 refused message is" if count == 1 else f"{count:,} refused messages are"


@login_required
def log_rejections(request: HttpRequest, slug: str) -> HttpResponse:
    """The rows of imported files that were no events."""
    log = log_or_404(request, slug)
    rows = Rejection.objects.filter(imported__log=log).select_related("imported")
    return render_log(request, "streams/log_rejections.html", log, _listed(request, rows))


urlpatterns = [
    path("streams/<slug:slug>/rejections/", stream_rejections, name="stream-rejections"),
    path("logs/<slug:slug>/rejections/", log_rejections, name="log-rejections"),
]
