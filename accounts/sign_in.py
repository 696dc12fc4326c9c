"""What somebody sees who has guessed passwords for too long: django-axes counts, by user name and address."""

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def address(request: HttpRequest) -> str | None:
    """The client's, as `procmine.web.proxies` found it; no header that anybody can send counts."""
    return request.META.get("REMOTE_ADDR")


def name(request: HttpRequest, credentials: Mapping[str, Any] | None) -> str:
    """The user name that was tried, as long as the table takes it: a longer one is nobody's."""
    return str((credentials or request.POST).get("username", ""))[:255]


def locked_out(request: HttpRequest, answer: HttpResponse | None, credentials: Any) -> HttpResponse:
    """429 with the form: the same words for a name that exists and one that does not."""
    cool_off: timedelta = settings.AXES_COOLOFF_TIME
    seconds = math.ceil(cool_off.total_seconds())
    context = {
        "form": AuthenticationForm(request),
        "locked_minutes": math.ceil(seconds / 60),
        "next": request.POST.get("next", ""),
    }
    page = render(request, "registration/login.html", context, status=429)
    page["Retry-After"] = str(seconds)
    page["Cache-Control"] = "no-store"
    return page


def without_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a NUL in a header becomes a space, for what keeps headers in a table. RFC 9110, section 5.5."""

    def middleware(request: HttpRequest) -> HttpResponse:
        for name, value in request.META.items():
            if isinstance(value, str) and "\0" in value:
                request.META[name] = value.replace("\0", " ")
        return get_response(request)

    return middleware
