"""Errors of views as problems (RFC 9457): the REST framework's exception handler.

What Django answers by itself (an unknown path, a wrong host, an uncaught exception) gets its form in
`foundation.http.request_ids`.
"""

import logging
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelInvalid
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404
from django.http.request import UnreadablePostError
from rest_framework.exceptions import APIException, ErrorDetail, ParseError, ValidationError
from rest_framework.fields import get_error_detail
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

from foundation.errors import DomainError
from foundation.http.request_ids import CONTENT_TYPE, Problem, problem
from foundation.http.requests import BadQuery, Conflict, TooLarge, Unavailable
from foundation.json_pointers import step

logger = logging.getLogger(__name__)


def handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The answer to an exception of a view; None for one that nobody expected (a 500, logged with its trace)."""
    known = _named(error, context) if isinstance(error, Http404) else _known(error)
    response = exception_handler(known, dict(context))
    if response is None:
        return None
    response.data = _body(known, response)
    if wait := getattr(known, "wait", None):
        response["Retry-After"] = str(math.ceil(wait))
    renderer = getattr(context.get("request"), "accepted_renderer", None)
    if getattr(renderer, "format", "json") != "api":  # the browsable API shows the problem in its page
        response.content_type = CONTENT_TYPE
    return response


_NO_ROW = re.compile(r"No (\w+) matches the given query\.")
_WORDS = {"EventLog": "log", "MinedModel": "model"}  # what we call what Django calls by its class
_SLUGS = {"EventLog", "Stream"}


def _named(error: Http404, context: Mapping[str, Any]) -> Http404:
    """Django's "No EventLog matches the given query." as "There is no log called x."."""
    row = _NO_ROW.fullmatch(str(error))
    given: Mapping[str, Any] = context.get("kwargs") or {}
    if row is None or not given:
        return error
    word = _WORDS.get(row[1], row[1].lower())
    name, value = ("slug", given["slug"]) if "slug" in given and row[1] in _SLUGS else list(given.items())[-1]
    return Http404(f"There is no {word} {'called ' if name == 'slug' else ''}{str(value)[:100]}.")


class _Refusal(APIException):
    """A `DomainError` for the REST framework."""

    def __init__(self, error: DomainError) -> None:
        super().__init__(str(error), error.code)
        self.error, self.status_code, self.wait = error, error.status, error.wait_s


def _known(error: Exception) -> Exception:
    """An exception of the domain or of Django as one that the REST framework has a status for."""
    if isinstance(error, DomainError):
        return _Refusal(error)
    if isinstance(error, ModelInvalid):  # by a service: it checks a row's rules while nobody else may change others
        return ValidationError(get_error_detail(error))
    if isinstance(error, RequestDataTooBig):
        return TooLarge(f"A body has at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024} KiB.")
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return ParseError("The body cannot be read.")
    if isinstance(error, IntegrityError):  # two requests at once; the checks before saw neither
        logger.warning("conflict: %s", error)
        return Conflict()
    if isinstance(error, DataError):
        logger.warning("the database refuses a value: %s", error)
        return ParseError("The database cannot hold one of these values.")
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("the database cannot be used: %s", error)
        return Unavailable()
    return error


def _body(error: Exception, response: Response) -> Problem:
    if isinstance(error, _Refusal):
        return _refused(error.error)
    if isinstance(error, ValidationError):
        where = "parameter" if isinstance(error, BadQuery) else "pointer"
        errors = [
            {where: place if where == "pointer" else place[1:], "code": detail.code, "detail": str(detail)}
            | {name: number for name in ("line", "column") if (number := getattr(detail, name, None))}
            for place, detail in mistakes(error.detail)
        ]
        summary = f"{len(errors)} fields failed." if len(errors) > 1 else "".join(str(e["detail"]) for e in errors)
        return problem(400, summary, "validation", errors)
    data = response.data
    detail = data.get("detail") if isinstance(data, dict) else data
    code = getattr(error, "default_code", None) if isinstance(error, APIException) else None
    kind = "unreadable" if code == "parse_error" else None
    return problem(response.status_code, str(detail or ""), kind)


def _refused(error: DomainError) -> Problem:
    at_field = {"pointer": f"/{error.field}", "code": error.code, "detail": str(error)}
    body = problem(error.status, str(error), errors=[at_field] if error.field else None)
    return {**body, "code": error.code, "parameters": error.parameters}


def mistakes(detail: Any, place: str = "") -> Iterator[tuple[str, ErrorDetail]]:
    """Yield every mistake with the JSON pointer of its field."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from mistakes(inner, place if name == api_settings.NON_FIELD_ERRORS_KEY else place + step(name))
    elif isinstance(detail, list):
        for number, inner in enumerate(detail):
            yield from mistakes(inner, place if isinstance(inner, ErrorDetail) else place + step(number))
    elif isinstance(detail, ErrorDetail):
        yield place, detail
