"""Every request has a number, every error the form of RFC 9457 (``application/problem+json``)."""

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.middleware.common import CommonMiddleware

CONTENT_TYPE = "application/problem+json"
KINDS = {  # status: what its type is called, its title
    400: ("bad-request", "The request is not valid."),
    401: ("not-signed-in", "Sign in first."),
    403: ("forbidden", "This is not allowed."),
    404: ("not-found", "There is no such thing here."),
    405: ("method-not-allowed", "This method is not possible here."),
    406: ("not-acceptable", "This cannot be answered in a form you accept."),
    409: ("conflict", "This conflicts with what is there."),
    411: ("length-required", "The length of the body is missing."),
    413: ("too-large", "The request is too large."),
    422: ("key-reused", "The key was used for another request."),
    415: ("unsupported-media-type", "The form of the body is not known."),
    429: ("too-many-requests", "Too many requests."),
    500: ("internal", "Something went wrong here. It has been logged."),
    503: ("unavailable", "This is not possible at this moment."),
}
_GIVEN_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
request_id: ContextVar[str] = ContextVar("request_id", default="-")

Problem = dict[str, Any]


def problem(status: int, detail: str = "", kind: str | None = None, errors: list[Problem] | None = None) -> Problem:
    """The body of an error. ``kind`` names its type where the status' own is not precise enough."""
    own, title = KINDS.get(status) or ("other", HTTPStatus(status).phrase)
    body = {
        "type": f"/problems/{kind or own}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"urn:request:{request_id.get()}",
    }
    return body if errors is None else {**body, "errors": errors}


class RequestMiddleware:
    """Numbers every request (``X-Request-ID``, the caller's own if it is a plain word) and words Django's own errors.

    Outermost, so that it sees what any other middleware answers.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id.set(given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex)
        response = self.answer(request)
        response["X-Request-ID"] = request_id.get()
        return response

    def answer(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            return self.get_response(request)
        if "chunked" in request.headers.get("Transfer-Encoding", "").lower() and not request.headers.get(
            "Content-Length"
        ):
            return _plain(411, "Send the body with a Content-Length.")
        response = self.get_response(request)
        if response.status_code < 400 or hasattr(response, "accepted_renderer"):
            return response
        return _plain(response.status_code, f"{request.method} {request.path[:500]}")


def _plain(status: int, detail: str) -> JsonResponse:
    return JsonResponse(problem(status, detail), status=status, content_type=CONTENT_TYPE)


class KeepMethod(HttpResponsePermanentRedirect):
    """308: the caller sends the same method and body again, so that a POST never becomes a GET unnoticed."""

    status_code = 308


class SlashMiddleware(CommonMiddleware):
    """Leads to the path with the slash at its end."""

    response_redirect_class = KeepMethod


class RequestIdFilter(logging.Filter):
    """Gives every line of the log the number of its request."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True
