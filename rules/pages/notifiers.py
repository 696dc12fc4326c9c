"""Who is told of matches: all notifiers with their state; adding, changing, testing, removing one."""

import math

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from foundation.access import holds
from foundation.http import limits
from foundation.pages.requests import page_of
from rules.models import Notification, Notifier, Rule
from rules.notifiers.forms import NotifierForm
from rules.notifiers.sending import send_test

LEFT = (Notification.State.PENDING, Notification.State.FAILED)
TESTS_A_MINUTE, TESTS_AT_ONCE = 12, 6  # of one person: each makes this server connect to somewhere


def _need(request: HttpRequest, *actions: str) -> None:
    """PermissionDenied unless this person may do all of these with notifiers."""
    if not all(holds(request.user, f"rules.{action}_notifier") for action in ("view", *actions)):
        raise PermissionDenied


@login_required
def notifiers(request: HttpRequest) -> HttpResponse:
    """Every notifier, how it is and what waits for it."""
    _need(request)
    page = page_of(request, Notifier.objects.order_by("name"))
    left = Notification.objects.filter(notifier__in=[one.pk for one in page], state__in=LEFT)
    counts = {(pk, state): n for pk, state, n in left.values_list("notifier", "state").annotate(n=Count("pk"))}
    rows = [
        {
            "notifier": one,
            "waiting": counts.get((one.pk, Notification.State.PENDING), 0),
            "failed": counts.get((one.pk, Notification.State.FAILED), 0),
        }
        for one in page
    ]
    return render(request, "rules/notifiers.html", {"page": page, "rows": rows})


@login_required
def notifier_new(request: HttpRequest) -> HttpResponse:
    """Add one."""
    _need(request, "add")
    return _form(request, Notifier())


@login_required
def notifier_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one; what waits for it is tried at once."""
    _need(request, "change")
    return _form(request, get_object_or_404(Notifier, pk=pk))


def _form(request: HttpRequest, notifier: Notifier) -> HttpResponse:
    name = notifier.name
    form = NotifierForm(request.POST or None, instance=notifier)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        messages.success(request, f"{saved.name} is saved. Test it: then you know that messages arrive.")
        return redirect("notifiers")
    return render(request, "rules/notifier_form.html", {"form": form, "notifier": notifier, "saved_name": name})


@login_required
@require_POST
def notifier_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a message now, past the outbox, and say what became of it."""
    _need(request, "change")
    found = get_object_or_404(Notifier, pk=pk)
    wait_s = limits.take(f"notifying:user-{request.user.pk}", 1, TESTS_A_MINUTE / 60, TESTS_AT_ONCE)
    if wait_s:
        messages.warning(request, f"You have tested this often within a minute: wait {math.ceil(wait_s)} s.")
        return redirect("notifiers")
    attempt = send_test(found)
    if attempt.sent:
        messages.success(request, f"{found.name} took the test message: {attempt.said}. Look whether it arrived.")
    else:
        messages.error(request, f"{found.name} did not take the test message: {attempt.said}")
    return redirect("notifiers")


@login_required
def notifier_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then remove it with what waits for it."""
    _need(request, "delete")
    found = get_object_or_404(Notifier, pk=pk)
    if request.method == "POST":
        found.delete()
        messages.success(request, f"{found.name} is removed.")
        return redirect("notifiers")
    waiting = found.notifications.filter(state=Notification.State.PENDING).count()
    then = Rule.objects.filter(archived_at=None).values_list("then", flat=True)
    used = sum(
        any(entry.get("notify") == found.name or entry.get("via") == found.name for entry in one) for one in then
    )
    return render(request, "rules/notifier_remove.html", {"notifier": found, "waiting": waiting, "used": used})


urlpatterns = [
    path("rules/notifiers/", notifiers, name="notifiers"),
    path("rules/notifiers/new/", notifier_new, name="notifier-new"),
    path("rules/notifiers/<int:pk>/", notifier_edit, name="notifier-edit"),
    path("rules/notifiers/<int:pk>/test/", notifier_test, name="notifier-trial"),
    path("rules/notifiers/<int:pk>/remove/", notifier_remove, name="notifier-remove"),
]
