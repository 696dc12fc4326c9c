"""Limits of requests: looking and changing have one each. Events are counted where they are stored."""

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from foundation.access import INGEST, READ, scope_of
from foundation.http import limits

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which itself imports this module


class Requests(BaseThrottle):
    """``PROCMINE_LIMIT_READ`` and ``PROCMINE_LIMIT_CONTROL`` requests a minute of each user."""

    _wait_s = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        scope = scope_of(request, view)
        if not request.user.is_authenticated or (scope == INGEST and getattr(view, "counts_events", False)):
            return True
        most = settings.LIMIT_READ if scope == READ else settings.LIMIT_CONTROL
        self._wait_s = limits.take_requests(request, scope, most)
        return not self._wait_s

    def wait(self) -> float | None:
        return self._wait_s or None
