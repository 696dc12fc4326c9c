"""Limit of pages: each counts as a request that reads, together with those to the API."""

import math
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from foundation.access import READ
from foundation.http import limits

_NOT_PAGES = ("/api/", "/healthz", "/readyz")


class PageLimit:
    """Answers 429 with ``Retry-After`` to users who open pages faster than ``PROCMINE_LIMIT_READ`` a minute.

    Requests to the API have their own throttle (`Requests`), after their token is read.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        wait_s = 0.0
        if not request.path.startswith(_NOT_PAGES) and request.user.is_authenticated:
            wait_s = limits.take_requests(request, READ, settings.LIMIT_READ)
        if not wait_s:
            return self.get_response(request)
        seconds = math.ceil(wait_s)
        page = render(request, "429.html", {"most": settings.LIMIT_READ, "wait_s": seconds}, status=429)
        page["Retry-After"] = str(seconds)
        page["Cache-Control"] = "no-store"
        return page
